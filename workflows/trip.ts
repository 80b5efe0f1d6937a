// A trip: three reservations at a time, undone if one fails or all of them take too long.
import * as W from "@effectful/kafka-workflow";

type Kind = "car" | "hotel" | "flight";
W.config.outputTopics.add("schedule").add("reserve").add("cancel");

async function limit(ms: number): Promise<never> {
  const waits = W.suspend();
  const key = `${W.threadId}|{"ref":"${waits.id}"}`;
  W.output(String(ms), "schedule", key);
  try {
    await waits;
  } catch (error) {
    W.output(null, "schedule", key);
    throw error;
  }
  throw "too late";
}

async function reserve(kind: Kind, undo: (() => Promise<void>)[]): Promise<string> {
  const waits = W.suspend(kind);
  W.output(kind, "reserve");
  const id: string = await waits;
  undo.push(async () => W.output(`${kind} ${id}`, "cancel"));
  return id;
}

export async function main({ ms = 1000 }: { ms?: number }) {
  const undo: (() => Promise<void>)[] = [];
  const kinds: Kind[] = ["car", "hotel", "flight"];
  try {
    return await Promise.race([Promise.all(kinds.map((kind) => reserve(kind, undo))), limit(ms)]);
  } catch (error) {
    for (const deed of undo.reverse()) await deed();
    throw error;
  }
}

// A trip: a car, a hotel and a flight are reserved at a time. If one is refused, or all of them take too long, what is reserved is given back.
import * as W from "@effectful/kafka-workflow";

const KINDS = ["car", "hotel", "flight"] as const;

type Reservation = { id: string };
type Deed = () => void;

W.config.outputTopics.add("workflow-scheduler");
for (const kind of KINDS) W.config.outputTopics.add(`saga-reserve-${kind}`).add(`saga-cancel-${kind}`);

/** Throws "timeout" when the time is over. When it is cancelled before, it cancels its record at the scheduler. */
async function limit(ms: number): Promise<never> {
  const due = W.suspend();
  const timer = `${W.threadId}|${JSON.stringify({ ref: due.id })}`;
  W.output(String(ms), "workflow-scheduler", timer);
  try {
    await due;
  } catch (error) {
    W.output("0", "workflow-scheduler", timer);
    throw error;
  }
  throw "timeout";
}

/** Asks for a reservation, and waits for its answer. One that may still come is given back too. */
async function reserve(kind: string, undo: Deed[]): Promise<Reservation> {
  const answer = W.suspend();
  const giveBack = () => W.output(answer.id, `saga-cancel-${kind}`);
  W.output(answer.id, `saga-reserve-${kind}`);
  try {
    await answer;
  } catch (error) {
    if (error instanceof W.CancelToken) giveBack();
    throw error;
  }
  undo.push(giveBack);
  return { id: answer.id };
}

export async function main({ throwAfterHotel = false, limitMs = 1000 } = {}) {
  const undo: Deed[] = [];
  const one = async (kind: string) => {
    const reserved = await reserve(kind, undo);
    if (kind === "hotel" && throwAfterHotel) throw "something is wrong";
    return reserved;
  };
  try {
    const [car, hotel, flight] = await Promise.race([Promise.all(KINDS.map(one)), limit(limitMs)]);
    return { car, hotel, flight };
  } catch (error) {
    undo.forEach((deed) => deed());
    throw error;
  }
}

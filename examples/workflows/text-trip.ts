// A trip as in trip.ts, with the records of javactrl-kafka: texts, ids that count, and topics of its own for the end.
import * as W from "@effectful/kafka-workflow";

W.config.resultTopic = W.config.errorTopic = "";
for (const topic of ["workflow-scheduler", "saga-result", "saga-error"]) W.config.outputTopics.add(topic);
for (const kind of ["car", "hotel", "flight"]) W.config.outputTopics.add(`saga-reserve-${kind}`).add(`saga-cancel-${kind}`);

let count = 0;
const newVar = () => W.suspend<string | null>(`v${++count}`);

/** Waits so long, unless it is cancelled or fails before. */
async function sleep(ms: number) {
  const due = newVar();
  const timer = `${W.threadId}|${due.id}`;
  W.output(String(ms), "workflow-scheduler", timer);
  try {
    await due;
  } catch (error) {
    W.output("0", "workflow-scheduler", timer);
    throw error;
  }
}

async function reserve(kind: string, undo: (() => void)[]): Promise<string | null> {
  const answer = newVar();
  W.output(answer.id, `saga-reserve-${kind}`);
  try {
    const id = await answer;
    undo.push(() => W.output(id, `saga-cancel-${kind}`));
    return id;
  } catch (error) {
    if (error instanceof W.CancelToken) W.output(answer.id, `saga-cancel-${kind}`);
    throw error;
  }
}

export async function main(argument: string) {
  const undo: (() => void)[] = [];
  const late = async () => {
    await sleep(1000);
    throw "timeout";
  };
  const flight = async () => {
    const id = await reserve("flight", undo);
    if (argument === "throwInFlight") throw "something is wrong";
    return id;
  };
  try {
    const ids = await W.anyWithCancel([late(), W.allWithCancel([reserve("car", undo), reserve("hotel", undo), flight()])]);
    W.output(ids.join(","), "saga-result");
  } catch (error) {
    W.output(String(error), "saga-error");
    undo.forEach((deed) => deed());
  }
}

// The script of simulated runs: in each round it asks for all names, and waits for all answers.
import * as W from "@effectful/kafka-workflow";

W.config.outputTopics.add("script-asks");

// Of this thread alone.
let answers = 0;

async function ask(name: string): Promise<string> {
  const answer = W.suspend(name);
  W.output(name, "script-asks");
  try {
    const value = await answer;
    answers++;
    return value;
  } catch (error) {
    if (error instanceof W.CancelToken) W.output(`cancel ${name}`, "script-asks");
    throw error;
  }
}

export async function main({ names, rounds }: { names: string[]; rounds: number }) {
  const all: string[] = [];
  for (let round = 0; round < rounds; round++) all.push((await Promise.all(names.map(ask))).join(""));
  return { thread: W.threadId, answers, all };
}

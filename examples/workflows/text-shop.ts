// A shopping cart as in shop.ts, with the records of javactrl-kafka: texts, and ids that count.
import * as W from "@effectful/kafka-workflow";

type Message =
  | { type: "addToCart" | "removeFromCart"; item: { productId: string; quantity: number } }
  | { type: "updateEmail"; email: string }
  | { type: "checkout" | "getCart" | "timeout" };

W.config.resultTopic = W.config.errorTopic = "";
for (const topic of ["workflow-scheduler", "getCart", "checkout", "ecommerceError", "reminder"]) W.config.outputTopics.add(topic);

let count = 0;

async function absence(ms: string): Promise<Message> {
  const due = W.suspend(`v${++count}`);
  const timer = `${W.threadId}|${due.id}`;
  W.output(ms, "workflow-scheduler", timer);
  try {
    await due;
  } catch (error) {
    W.output("0", "workflow-scheduler", timer);
    throw error;
  }
  return { type: "timeout" };
}

const next = async (): Promise<Message> => JSON.parse(await W.suspend<string>("main"));

export async function main(ms: string) {
  const items: Record<string, number> = {};
  let email: string | null = null;
  let abandoned = false;
  for (;;) {
    const message: Message = await W.anyWithCancel([next(), absence(ms || "1000")]);
    if (message.type === "timeout") {
      if (email === null || abandoned) return;
      W.output(email, "reminder");
    }
    abandoned = message.type === "timeout";
    switch (message.type) {
      case "addToCart":
        items[message.item.productId] = (items[message.item.productId] ?? 0) + message.item.quantity;
        break;
      case "removeFromCart": {
        const left = (items[message.item.productId] ?? 0) - message.item.quantity;
        if (left > 0) items[message.item.productId] = left;
        else delete items[message.item.productId];
        break;
      }
      case "updateEmail":
        email = message.email;
        break;
      case "getCart":
        W.outputJSON({ items, email }, "getCart");
        break;
      case "checkout":
        if (email === null) W.output("Must have email to check out!", "ecommerceError");
        else if (Object.keys(items).length === 0) W.output("Must have items to check out!", "ecommerceError");
        else return W.outputJSON({ items, email }, "checkout");
    }
  }
}

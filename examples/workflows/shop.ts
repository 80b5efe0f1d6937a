// A shopping cart that lives as long as its customer comes back. Who stays away is reminded once by mail; who stays away then has abandoned the cart.
import * as W from "@effectful/kafka-workflow";

interface Item {
  productId: string;
  quantity: number;
}

/** What a customer does. */
type Signal =
  | { type: "addToCart" | "removeFromCart"; item: Item }
  | { type: "updateEmail"; email: string }
  | { type: "checkout" | "getCart" }
  | { type: "timeout" };

for (const topic of ["workflow-scheduler", "ecommerce-reminder", "checkoutError", "getCart"]) W.config.outputTopics.add(topic);

/** The signal that the customer stays away, in so many milliseconds. */
async function absence(ms: number): Promise<Signal> {
  const due = W.suspend();
  const timer = `${W.threadId}|${JSON.stringify({ ref: due.id })}`;
  W.output(String(ms), "workflow-scheduler", timer);
  try {
    await due;
  } catch (error) {
    W.output("0", "workflow-scheduler", timer);
    throw error;
  }
  return { type: "timeout" };
}

function changed(items: Item[], { productId, quantity }: Item): Item[] {
  const former = items.find((item) => item.productId === productId);
  if (former === undefined) return quantity > 0 ? [...items, { quantity, productId }] : items;
  former.quantity += quantity;
  return items.filter((item) => item.quantity > 0);
}

export async function main({ abandonedCartTimeoutMS = 10_000 } = {}) {
  let items: Item[] = [];
  let email = "";
  let reminded = false;
  for (;;) {
    const signal: Signal = await W.anyWithCancel([W.suspend("main"), absence(abandonedCartTimeoutMS)]);
    if (signal.type === "timeout") {
      if (!email || reminded) return "abondoned";
      W.output(email, "ecommerce-reminder");
      reminded = true;
      continue;
    }
    reminded = false;
    switch (signal.type) {
      case "addToCart":
        items = changed(items, signal.item);
        break;
      case "removeFromCart":
        items = changed(items, { ...signal.item, quantity: -signal.item.quantity });
        break;
      case "updateEmail":
        email = signal.email;
        break;
      case "getCart":
        W.outputJSON({ items, email }, "getCart");
        break;
      case "checkout":
        if (items.length > 0) return { items, email };
        W.output("Must have items to check out!", "checkoutError");
    }
  }
}

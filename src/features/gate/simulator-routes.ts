import { type App, answer, createRoute, refusals, z } from "../../http/app.ts";
import { requires } from "../../http/authenticate.ts";
import { listOf } from "../../http/schemas.ts";
import { ruleOf, simulatorNumbers } from "./domain/simulator.ts";

const simulatorNumber = z
  .object({
    phone: z.string().openapi({ description: "From a range that is reserved for fiction: nobody has it." }),
    simulates: z.string().openapi({
      description:
        "A reason's code; or allow; undecided (503); or refused_at_redemption (an allow, and then the person opts out).",
    }),
    rule: z.string().nullable().openapi({ description: "The rule that the code belongs to." }),
  })
  .openapi("SimulatorNumber");

/** The route that lists the simulator numbers. */
export function simulatorRoutes(app: App): void {
  app.use("/v1/simulator-numbers", requires("checks"));
  app.openapi(
    createRoute({
      method: "get",
      path: "/v1/simulator-numbers",
      tags: ["Checks"],
      summary:
        "Numbers that a sandbox answers in one way always, so that a sender can test each of its branches",
      description:
        "They mean something to a sandbox only (sayso key create --test). The answer is recorded and its permit redeemed as ever; no rule looks at facts.",
      responses: {
        200: answer(listOf(simulatorNumber), "Every number, with what it stands for. New ones may appear."),
        ...refusals,
      },
    }),
    async (c) => {
      const items = simulatorNumbers.map((each) => ({ ...each, rule: ruleOf(each.simulates) }));
      return c.json({ items, nextCursor: null }, 200);
    },
  );
}

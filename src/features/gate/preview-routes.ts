import { type App, answer, createRoute, refusals, z } from "../../http/app.ts";
import { checkBatch, checkLines } from "../../http/check-body.ts";
import { linesType } from "../../http/lines.ts";
import { toProblem, validate } from "../../http/problem.ts";
import { problemSchema, subjectReference } from "../../http/schemas.ts";
import { SaysoError } from "../../kernel/errors.ts";
import { limits } from "../../kernel/limits.ts";
import type { Previewer, PreviewItem } from "./preview.ts";

const count = z.int().min(0);
const counts = z.record(z.string(), count);

const preview = z
  .object({
    recipients: count.openapi({ description: "`allowed`, `denied` and `unreadable` together." }),
    allowed: count,
    denied: count,
    unreadable: count.openapi({ description: "What is no check." }),
    inWindow: count.openapi({
      description:
        "Those allowed whose customer service window is open: a free-form message could go as well.",
    }),
    templateOnly: count.openapi({ description: "Those allowed whom a template alone may reach." }),
    byWorstReason: counts.openapi({
      description: "Those denied, each under the worst reason: adds up to `denied`. New codes may appear.",
    }),
    byReason: counts.openapi({ description: "Those denied, each under every reason." }),
    deniedForNow: z.object({
      recipients: count.openapi({ description: "Those denied for reasons that all end by themselves." }),
      byHour: counts.openapi({
        description: `Those of the next ${limits.previewHours} hours, by the full hour from which on to ask again.`,
        example: { "2026-11-24T06:00:00.000Z": 120 },
      }),
    }),
    problems: z.array(z.object({ line: z.int().min(1), problem: problemSchema })).openapi({
      description: `The first that are no check, ${limits.previewProblems} at most, with their places counted from 1.`,
    }),
  })
  .openapi("BatchPreview");

export type PreviewAnswer = z.output<typeof preview>;

/** The preview of a campaign as one JSON document; as lines it is taken by `checkLineRoutes`. */
export function previewRoutes(app: App, previewOf: Previewer): void {
  app.openapi(
    createRoute({
      method: "post",
      path: "/v1/checks/preview",
      tags: ["Checks"],
      summary: "What a batch would be answered, counted; nothing is recorded and no place is taken",
      description:
        "Takes what POST /v1/checks/batch takes, in either form. Every recipient is judged on its own, as if none of the others were written to: what they would take from each other, under frequency caps for one, is not counted.",
      request: {
        body: {
          required: true,
          content: { "application/json": { schema: checkBatch }, [linesType]: { schema: checkLines } },
        },
      },
      responses: { 200: answer(preview, "The counts"), ...refusals },
    }),
    async (c) => {
      const { defaults, recipients } = c.req.valid("json");
      const requestId = c.get("requestId");
      const items = recipients.map((item, index): PreviewItem => {
        const recipient = validate(subjectReference, item, `/recipients/${index}`);
        const check = recipient instanceof SaysoError ? recipient : { ...defaults, recipient };
        return { line: index + 1, check };
      });
      const counted = await previewOf(c.get("context"), only(items), (error) => toProblem(error, requestId));
      return c.json({ ...counted, problems: [...counted.problems] }, 200);
    },
  );
}

async function* only<Group>(group: Group): AsyncGenerator<Group> {
  yield group;
}

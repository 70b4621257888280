import { type App, answer, createRoute, refusals, z } from "../../http/app.ts";
import { requires } from "../../http/authenticate.ts";
import { checkLines, readCheck } from "../../http/check-body.ts";
import { preferredLanguage } from "../../http/language.ts";
import { bodyPieces, hasLines, linesAnswer, linesType } from "../../http/lines.ts";
import { toProblem } from "../../http/problem.ts";
import { SaysoError } from "../../kernel/errors.ts";
import { answerLines, previewLines } from "./answer-lines.ts";
import type { Gate } from "./check.ts";

const count = z.int().min(0);

const preview = z
  .object({
    recipients: count.openapi({ description: "Lines that are not empty." }),
    allowed: count,
    denied: count,
    byReason: z
      .record(z.string(), count)
      .openapi({ description: "Those denied, by the worst reason of each. New codes may appear." }),
    inWindow: count.openapi({ description: "Those allowed whose customer service window is open." }),
    templateOnly: count.openapi({ description: "Those allowed whom a template alone may reach." }),
    problems: count.openapi({ description: "Lines that are no check." }),
  })
  .openapi("BatchPreview");

/**
 * Routes that take checks as JSON lines and read them while they answer. They stand before everything that reads a
 * whole body. An Idempotency-Key means nothing here: every check is evaluated anew.
 */
export function checkLineRoutes(app: App, gate: Gate): void {
  for (const path of ["/v1/checks/batch", "/v1/checks/preview"]) app.use(path, requires("checks"));

  // The route is documented where it takes its other form, one JSON document.
  app.post("/v1/checks/batch", async (c, next) => {
    if (!hasLines(c)) return next();
    const requestId = c.get("requestId");
    const answers = answerLines(
      c.get("context"),
      gate,
      { pieces: bodyPieces(c), readCheck },
      { problemOf: (error) => toProblem(error, requestId), language: preferredLanguage(c) },
    );
    return linesAnswer(c, answers);
  });
  app.openapi(
    createRoute({
      method: "post",
      path: "/v1/checks/preview",
      tags: ["Checks"],
      summary: "What a batch would be answered, counted; nothing is recorded",
      description: "Takes the lines of POST /v1/checks/batch. Every line is taken as a dry run.",
      request: { body: { required: true, content: { [linesType]: { schema: checkLines } } } },
      responses: { 200: answer(preview, "The counts"), ...refusals },
    }),
    async (c) => {
      if (!hasLines(c))
        throw new SaysoError("unsupported_media_type", `Send the body as ${linesType}, one check a line.`);
      return c.json(await previewLines(c.get("context"), gate, { pieces: bodyPieces(c), readCheck }), 200);
    },
  );
}

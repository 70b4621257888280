import type { App } from "../../http/app.ts";
import { requires } from "../../http/authenticate.ts";
import { readCheck } from "../../http/check-body.ts";
import { preferredLanguage } from "../../http/language.ts";
import { bodyPieces, hasLines, linesAnswer } from "../../http/lines.ts";
import { toProblem } from "../../http/problem.ts";
import { answerLines, previewLines } from "./answer-lines.ts";
import type { Gate } from "./check.ts";
import type { Previewer } from "./preview.ts";

/**
 * Routes that take checks as JSON lines and read them while they answer. They stand before everything that reads a
 * whole body, and are documented where they take their other form, one JSON document. An Idempotency-Key means nothing
 * here: every check is evaluated anew.
 */
export function checkLineRoutes(app: App, { gate, preview }: { gate: Gate; preview: Previewer }): void {
  for (const path of ["/v1/checks/batch", "/v1/checks/preview"]) app.use(path, requires("checks"));

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
  app.post("/v1/checks/preview", async (c, next) => {
    if (!hasLines(c)) return next();
    const requestId = c.get("requestId");
    const lines = { pieces: bodyPieces(c), readCheck };
    return c.json(
      await previewLines(c.get("context"), preview, lines, (error) => toProblem(error, requestId)),
      200,
    );
  });
}

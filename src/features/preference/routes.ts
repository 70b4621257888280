import { type App, answer, body, createRoute, refusals, tooManyRequests, z } from "../../http/app.ts";
import { requires } from "../../http/authenticate.ts";
import { instant, subjectReference } from "../../http/schemas.ts";
import { preferencesOf } from "./choose.ts";
import { createCode, revealCode } from "./prove.ts";

const wish = z
  .object({ id: z.string(), value: z.string(), chosenAt: instant })
  .nullable()
  .openapi({ description: "A wish: it lets nothing out and holds nothing back." });

const preferences = z
  .object({
    pause: z.object({ id: z.string(), until: instant, chosenAt: instant }).nullable().openapi({
      description: "No marketing until then.",
    }),
    frequency: z
      .object({ id: z.string(), most: z.int(), hours: z.int(), chosenAt: instant })
      .nullable()
      .openapi({ description: "At most so many marketing messages in so many rolling hours." }),
    language: wish,
    channel: wish,
  })
  .openapi("Preferences");

const code = z
  .object({
    id: z.string(),
    subjectId: z.string(),
    code: z.string().openapi({ description: "Six digits. Only the person may get them." }),
    expiresAt: instant,
  })
  .openapi("PreferenceCode");

/** Routes of preferences for machines; the pages that people see are in page-routes.ts. */
export function preferenceRoutes(app: App): void {
  app.use("/v1/preference-codes/*", requires("preference_codes"));

  app.openapi(
    createRoute({
      method: "get",
      path: "/v1/subjects/{id}/preferences",
      tags: ["Preferences"],
      summary: "What a person chose about how they are written to",
      request: { params: z.object({ id: z.string() }) },
      responses: {
        200: answer(preferences, "What holds; null: the person said nothing about it"),
        ...refusals,
      },
    }),
    async (c) => {
      const { pause, frequency, language, channel } = await preferencesOf(
        c.var.context,
        c.req.valid("param").id,
      );
      const shown = (one: typeof language) =>
        one && { id: one.id, value: one.word, chosenAt: one.at.toISOString() };
      return c.json(
        {
          pause: pause && {
            id: pause.id,
            until: pause.until.toISOString(),
            chosenAt: pause.at.toISOString(),
          },
          frequency: frequency && {
            id: frequency.id,
            most: frequency.most,
            hours: frequency.hours,
            chosenAt: frequency.at.toISOString(),
          },
          language: shown(language),
          channel: shown(channel),
        },
        200,
      );
    },
  );
  app.openapi(
    createRoute({
      method: "post",
      path: "/v1/preference-codes",
      tags: ["Preferences"],
      summary: "A code by which a person opens their preferences; see to it that only they get it",
      request: body(z.strictObject({ subject: subjectReference })),
      responses: { 201: answer(code, "The code"), ...refusals, ...tooManyRequests },
    }),
    async (c) => c.json(await createCode(c.var.context, c.req.valid("json")), 201),
  );
  app.openapi(
    createRoute({
      method: "post",
      path: "/v1/preference-codes/{id}/reveal",
      tags: ["Preferences"],
      summary:
        "The code that a person asked for on their page (preference_code.requested), to be sent to them",
      request: { params: z.object({ id: z.string() }) },
      responses: { 200: answer(code, "The code"), ...refusals },
    }),
    async (c) => c.json(await revealCode(c.var.context, c.req.valid("param").id), 200),
  );
}

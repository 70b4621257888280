import { type App, answer, body, createRoute, refusals, z } from "../../http/app.ts";
import { requires } from "../../http/authenticate.ts";
import { idOf, instant, subjectReference, text } from "../../http/schemas.ts";
import { notFound } from "../../kernel/errors.ts";
import { formatId } from "../../kernel/ids.ts";
import { limits } from "../../kernel/limits.ts";
import { changeSubject } from "./change-subject.ts";
import { mergeSubjects } from "./merge-subjects.ts";
import { ambiguous, findSubjects, getSubject } from "./resolve-subject.ts";

const subject = z
  .object({
    id: z.string(),
    identifiers: z.array(z.object({ kind: z.string(), value: z.string() })),
    mergedIds: z
      .array(z.string())
      .openapi({ description: "Records of the same person that were merged into this one." }),
    timeZones: z.array(z.string()).openapi({
      description:
        "As recorded. Several after a merge: it must be a fit hour in each, until one is recorded anew.",
    }),
    savedSenders: z
      .array(z.string())
      .openapi({ description: "Senders whose number the person is known to have saved." }),
    createdAt: instant,
  })
  .openapi("Subject");

const subjectChange = z.strictObject({
  timeZone: text(64).nullable().optional().openapi({
    description: "IANA. Quiet hours go by it instead of by the countries of the numbers. Null: not known.",
    example: "Europe/Berlin",
  }),
  savedSenders: z
    .array(idOf("snd"))
    .max(limits.savedSenders)
    .optional()
    .openapi({ description: "All senders whose number the person is known to have saved." }),
});

/** Routes of people. */
export function subjectRoutes(app: App): void {
  const guard = requires("subjects");
  // What organizations store about a person has a scope of its own.
  app.use("/v1/subjects/*", (c, next) =>
    /^\/v1\/subjects\/[^/]+\/account-data(?:\/|$)/.test(c.req.path) ? next() : guard(c, next),
  );
  app.use("/v1/subjects/:id/merge", requires("staff"));

  app.openapi(
    createRoute({
      method: "post",
      path: "/v1/subjects/lookup",
      tags: ["Subjects"],
      summary: "Find a person by identifiers; never by a number in a URL",
      request: body(z.strictObject({ subject: subjectReference })),
      responses: { 200: answer(subject, "The person"), ...refusals },
    }),
    async (c) => {
      const { roots } = await findSubjects(c.var.context, c.req.valid("json").subject, "/subject");
      const [root, other] = roots;
      if (root === undefined) throw notFound("subject");
      if (other !== undefined) throw ambiguous();
      return c.json(await getSubject(c.var.context, formatId("sub", root)), 200);
    },
  );
  app.openapi(
    createRoute({
      method: "get",
      path: "/v1/subjects/{id}",
      tags: ["Subjects"],
      summary: "What is known of a person",
      request: { params: z.object({ id: z.string() }) },
      responses: { 200: answer(subject, "The person"), ...refusals },
    }),
    async (c) => c.json(await getSubject(c.var.context, c.req.valid("param").id), 200),
  );
  app.openapi(
    createRoute({
      method: "patch",
      path: "/v1/subjects/{id}",
      tags: ["Subjects"],
      summary: "Record a person's time zone, or that they saved a sender's number; what is left out stays",
      request: { params: z.object({ id: z.string() }), ...body(subjectChange) },
      responses: { 200: answer(subject, "The person"), ...refusals },
    }),
    async (c) =>
      c.json(await changeSubject(c.var.context, c.req.valid("param").id, c.req.valid("json")), 200),
  );
  app.openapi(
    createRoute({
      method: "post",
      path: "/v1/subjects/{id}/merge",
      tags: ["Subjects"],
      summary: "Say that two records are one person; the strictest of both holds",
      request: {
        params: z.object({ id: z.string() }),
        ...body(z.strictObject({ other: idOf("sub"), reason: text(1_000) })),
      },
      responses: { 200: answer(subject, "The merged person"), ...refusals },
    }),
    async (c) =>
      c.json(await mergeSubjects(c.var.context, c.req.valid("param").id, c.req.valid("json")), 200),
  );
}

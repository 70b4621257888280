import { type App, answer, body, createRoute, refusals, z } from "../../http/app.ts";
import { requires } from "../../http/authenticate.ts";
import { instant, listOf, pageOf, problemSchema, text } from "../../http/schemas.ts";
import { SaysoError } from "../../kernel/errors.ts";
import { limits } from "../../kernel/limits.ts";
import { activatePolicy } from "./activate-policy.ts";
import { backtestPolicy } from "./backtest-policy.ts";
import { policySchema } from "./domain/policy.ts";
import { proposePolicy } from "./propose-policy.ts";
import { getPolicy, getPolicyInForce, listPolicies, listPresets } from "./show-policies.ts";

const versionNumber = z.coerce.number().int().min(1).max(2_147_483_647);
const version = z.object({ version: versionNumber });

const versionFields = {
  version: z.number().int(),
  policyVersion: z.string().openapi({ description: "As decisions name it.", example: "policy/3" }),
  note: z.string().nullable(),
  createdAt: instant,
  createdBy: z.object({ kind: z.string(), id: z.string().nullable() }),
  inForce: z.boolean().openapi({ description: "Checks are decided by this version." }),
  activatedAt: instant.nullable().openapi({ description: "Null when another version is in force." }),
};

const document = policySchema;
const listedPolicy = z.object(versionFields);
const wholePolicy = listedPolicy.extend({ document });
const policy = wholePolicy.openapi("Policy");
const policyInForce = wholePolicy
  .extend({
    version: versionFields.version.nullable().openapi({ description: "Null: the built-in policy." }),
    createdAt: instant.nullable(),
    createdBy: versionFields.createdBy.nullable(),
  })
  .openapi("PolicyInForce");

const turned = z.object({
  count: z.number().int(),
  byReason: z
    .record(z.string(), z.number().int())
    .openapi({ description: "By the worst reason of the deny; the numbers add up to the count." }),
});
const backtest = z
  .object({
    policyVersion: z.string(),
    decisions: z.number().int(),
    unchanged: z.number().int(),
    allowsToDenies: turned,
    deniesToAllows: turned,
    from: instant,
    to: instant,
    truncated: z.boolean().openapi({
      description: `There were more than the ${limits.backtestDecisions} newest decisions, which were looked at; \`from\` is the time of the oldest of them.`,
    }),
  })
  .openapi("Backtest");

const ifMatch = z.object({
  "if-match": z.string().max(200).optional().openapi({
    description: "Required: the ETag of `GET /v1/policy`, quotes included.",
    example: '"policy/2"',
  }),
});

const refused = (description: string) => ({
  description,
  content: { "application/problem+json": { schema: problemSchema } },
});

/** Routes of an organization's policies: propose, backtest, activate. */
export function policyRoutes(app: App): void {
  for (const path of ["/v1/policy", "/v1/policies/*", "/v1/policy-schema", "/v1/policy-presets"])
    app.use(path, requires("configuration"));
  app.use("/v1/policies/:version/activate", requires("staff"));

  app.openapi(
    createRoute({
      method: "get",
      path: "/v1/policy",
      tags: ["Policies"],
      summary: "The policy in force, with its name as ETag",
      responses: { 200: answer(policyInForce, "The policy that checks are decided by"), ...refusals },
    }),
    async (c) => {
      const found = await getPolicyInForce(c.var.context);
      c.header("ETag", etagOf(found));
      return c.json(found, 200);
    },
  );
  app.openapi(
    createRoute({
      method: "post",
      path: "/v1/policies",
      tags: ["Policies"],
      summary: "Propose a version; it changes nothing until it is activated",
      request: body(z.strictObject({ document, note: text(2_000).optional() })),
      responses: { 201: answer(policy, "The version"), ...refusals },
    }),
    async (c) => c.json(await proposePolicy(c.var.context, c.req.valid("json")), 201),
  );
  app.openapi(
    createRoute({
      method: "get",
      path: "/v1/policies",
      tags: ["Policies"],
      summary: "List the versions without their documents, the newest first",
      request: {
        query: z.object({
          cursor: versionNumber.optional(),
          limit: z.coerce.number().int().min(1).max(limits.listMost).default(limits.listDefault),
        }),
      },
      responses: { 200: answer(listOf(listedPolicy), "A page of versions"), ...refusals },
    }),
    async (c) => {
      const { cursor, limit } = c.req.valid("query");
      const items = await listPolicies(c.var.context, cursor, limit);
      return c.json(
        pageOf(items, limit, (each) => `${each.version}`),
        200,
      );
    },
  );
  app.openapi(
    createRoute({
      method: "get",
      path: "/v1/policies/{version}",
      tags: ["Policies"],
      summary: "One version with its document",
      request: { params: version },
      responses: { 200: answer(policy, "The version"), ...refusals },
    }),
    async (c) => c.json(await getPolicy(c.var.context, c.req.valid("param").version), 200),
  );
  app.openapi(
    createRoute({
      method: "post",
      path: "/v1/policies/{version}/backtest",
      tags: ["Policies"],
      summary: "What this version would have made of the decisions of the last days",
      request: {
        params: version,
        ...body(z.strictObject({ days: z.number().int().min(1).max(limits.backtestDays) })),
      },
      responses: { 200: answer(backtest, "What would change, and why"), ...refusals },
    }),
    async (c) =>
      c.json(await backtestPolicy(c.var.context, c.req.valid("param").version, c.req.valid("json")), 200),
  );
  app.openapi(
    createRoute({
      method: "post",
      path: "/v1/policies/{version}/activate",
      tags: ["Policies"],
      summary: "Bring a version into force; an older one again, too",
      description: "Every check that starts after the answer is decided by it.",
      request: {
        params: version,
        headers: ifMatch,
        ...body(z.strictObject({ reason: text(2_000) })),
      },
      responses: {
        200: answer(policy, "The version, in force"),
        ...refusals,
        412: refused("Another policy is in force than If-Match names"),
        428: refused("If-Match is missing"),
      },
    }),
    async (c) => {
      const expected = c.req.valid("header")["if-match"];
      if (expected === undefined) {
        throw new SaysoError(
          "precondition_required",
          "Send If-Match with the ETag of GET /v1/policy, so that nobody's activation is lost.",
        );
      }
      const { reason } = c.req.valid("json");
      const active = await activatePolicy(c.var.context, c.req.valid("param").version, {
        expected: /^"([^"]*)"$/.exec(expected)?.[1] ?? "",
        reason,
      });
      c.header("ETag", etagOf(active));
      return c.json(active, 200);
    },
  );
  app.openapi(
    createRoute({
      method: "get",
      path: "/v1/policy-presets",
      tags: ["Policies"],
      summary: "Documents to start from; look them through, they are no legal advice",
      responses: {
        200: answer(listOf(z.object({ name: z.string(), document })), "The presets"),
        ...refusals,
      },
    }),
    async (c) => c.json({ items: listPresets(), nextCursor: null }, 200),
  );
  app.openapi(
    createRoute({
      method: "get",
      path: "/v1/policy-schema",
      tags: ["Policies"],
      summary: "The JSON Schema (2020-12) of a policy's document",
      responses: { 200: answer(z.record(z.string(), z.unknown()), "The schema"), ...refusals },
    }),
    async (c) => c.json(documentSchema, 200),
  );
}

const documentSchema: Record<string, unknown> = z.toJSONSchema(policySchema, { io: "input" });

const etagOf = ({ policyVersion }: { policyVersion: string }) => `"${policyVersion}"`;

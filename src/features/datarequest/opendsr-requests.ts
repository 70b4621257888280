import { z } from "zod";
import type { Context } from "../../context.ts";
import { once } from "../../db/write.ts";
import { invalid, notFound, SaysoError } from "../../kernel/errors.ts";
import { fieldErrors } from "../../kernel/field-errors.ts";
import { formatId, parseId } from "../../kernel/ids.ts";
import { keyedHash } from "../../kernel/seal.ts";
import { refusedTarget } from "../../kernel/target.ts";
import type { SubjectReference } from "../subject/index.ts";
import { opendsrStatuses } from "./domain/opendsr.ts";
import { openRequest } from "./open-request.ts";
import {
  cancelOpendsrRequest,
  insertOpendsrRequest,
  type OpendsrRow,
  selectOpendsrRequest,
} from "./opendsr-store.ts";
import { regimeKeys } from "./regimes.ts";
import { selectRequest } from "./store.ts";

/** Identities as the specification names them, and those of the extension under our own domain. */
export const opendsrIdentities = { email: "email", controller_customer_id: "externalId" } as const;
export const extensionIdentities = { phone: "phone", wa_id: "waId", bsuid: "bsuid" } as const;

/** Kinds that OpenDSR 2.0 knows (section 6.2). */
export const opendsrKinds = ["access", "portability", "erasure"] as const;

const identityOf = <Types extends Readonly<Record<string, string>>>(types: Types) =>
  z.strictObject({
    identity_type: z.enum(Object.keys(types) as [string, ...string[]]),
    identity_value: z.string().min(1).max(254),
    identity_format: z.literal("raw"),
  });

const extension = z.strictObject({ identities: z.array(identityOf(extensionIdentities)).min(1).max(3) });

const requestSchema = z.strictObject({
  regulation: z.enum(regimeKeys as [string, ...string[]]),
  subject_request_id: z.uuidv4(),
  subject_request_type: z.enum(opendsrKinds),
  subject_identities: z.array(identityOf(opendsrIdentities)).max(2).default([]),
  submitted_time: z.iso.datetime({ offset: true }),
  api_version: z
    .string()
    .regex(/^2(\.\d+)?$/)
    .optional(),
  status_callback_urls: z.array(z.string().max(2_000)).max(5).default([]),
  // Other processors' extensions travel in the same request and are none of ours.
  extensions: z.record(z.string().max(255), z.unknown()).default({}),
});

/**
 * Opens the data request that an OpenDSR request stands for, or joins the open one; the same id and body once more gives
 * the first answer. The person's identity is still to be made sure of by staff: whoever holds an API key says that they
 * asked, and no more. Throws `invalid` with the place of what cannot be taken, and `idempotency_key_reused` for the same
 * id with another body.
 *
 * @param text the body as it came
 * @param domain ours, under which the extension stands
 */
export async function takeOpendsrRequest(ctx: Context, text: string, domain: string) {
  const request = validate(requestSchema, JSON.parse(text));
  const id = request.subject_request_id;
  const bodyHash = keyedHash(ctx.keys.data, text);
  const known = await selectOpendsrRequest(ctx, id);
  if (known === undefined) {
    for (const [n, url] of request.status_callback_urls.entries()) {
      const refused = refusedTarget(url, ctx.services.targets);
      if (refused !== undefined) throw invalid(`/status_callback_urls/${n}`, refused);
    }
    const opened = await openRequest(once(ctx, "opendsr", id, text), {
      subject: subjectOf(request, domain),
      kind: request.subject_request_type,
      regime: request.regulation,
      receivedAt: request.submitted_time,
      channel: "opendsr",
    });
    await insertOpendsrRequest(ctx, {
      subjectRequestId: id,
      dataRequestId: parseId("req", opened.id) ?? "",
      bodyHash,
      callbackUrls: [...new Set(request.status_callback_urls)],
      isOpener: !opened.joined,
    });
  }
  const row = await find(ctx, id);
  if (!row.bodyHash.equals(bodyHash)) {
    throw new SaysoError(
      "idempotency_key_reused",
      "This subject_request_id was used with another body. Make a new one for another request.",
    );
  }
  return {
    controller_id: formatId("org", ctx.organizationId),
    expected_completion_time: (await ours(ctx, row)).dueAt.toISOString(),
    received_time: row.receivedAt.toISOString(),
    encoded_request: Buffer.from(text).toString("base64"),
    subject_request_id: id,
    api_version: "2.0",
  };
}

/** Where a request stands, in OpenDSR's words. Throws `not_found`. */
export async function getOpendsrRequest(ctx: Context, id: string) {
  const row = await find(ctx, id);
  const { status, dueAt } = await ours(ctx, row);
  return {
    controller_id: formatId("org", ctx.organizationId),
    expected_completion_time: dueAt.toISOString(),
    subject_request_id: row.subjectRequestId,
    request_status: row.cancelledAt === null ? opendsrStatuses[status] : "cancelled",
    api_version: "2.0",
  };
}

/**
 * Cancels a request that is still pending (section 9). A data request that others asked for, too, goes on for them. Throws
 * `conflict` when it is not pending, `not_found` when there is none.
 */
export async function cancelOpendsr(ctx: Context, id: string) {
  const row = await find(ctx, id);
  const reason = "Cancelled over OpenDSR by whoever submitted it.";
  if ((await cancelOpendsrRequest(ctx, row, reason)) === undefined) {
    throw new SaysoError("conflict", "Only a request that is pending can be cancelled.");
  }
  return {
    controller_id: formatId("org", ctx.organizationId),
    received_time: ctx.services.now().toISOString(),
    subject_request_id: row.subjectRequestId,
    api_version: "2.0",
  };
}

/** The value as the schema has it. Throws `invalid` with the places of what does not fit. */
function validate<T extends z.ZodType>(schema: T, value: unknown, base = ""): z.output<T> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new SaysoError("invalid", "The request has values that cannot be taken; see errors.", {
    errors: fieldErrors(parsed.error.issues, base),
  });
}

async function find(ctx: Context, id: string): Promise<OpendsrRow> {
  const row = z.uuid().safeParse(id).success ? await selectOpendsrRequest(ctx, id) : undefined;
  if (row === undefined) throw notFound("request");
  return row;
}

async function ours(ctx: Context, row: OpendsrRow) {
  const request = await selectRequest(ctx, row.dataRequestId);
  if (request === undefined) throw new SaysoError("internal", "An OpenDSR request has no data request.");
  return request;
}

function subjectOf(
  { subject_identities: identities, extensions }: z.output<typeof requestSchema>,
  domain: string,
): SubjectReference {
  const own = extensions[domain];
  const extended = own === undefined ? [] : validate(extension, own, `/extensions/${domain}`).identities;
  const named: Record<string, string> = {};
  const all = [
    ...identities.map((identity) => ({ ...identity, types: opendsrIdentities as Record<string, string> })),
    ...extended.map((identity) => ({ ...identity, types: extensionIdentities as Record<string, string> })),
  ];
  for (const { types, identity_type, identity_value } of all) {
    const field = types[identity_type];
    if (field !== undefined) named[field] = identity_value;
  }
  if (all.length === 0) {
    throw invalid("/subject_identities", `Name the person here, or under /extensions/${domain}/identities.`);
  }
  if (Object.keys(named).length < all.length) {
    throw invalid("/subject_identities", "Name each kind of identity once.");
  }
  return named;
}

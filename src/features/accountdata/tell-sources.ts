import type { Context } from "../../context.ts";
import type { EventType } from "../../kernel/event-types.ts";
import { formatId } from "../../kernel/ids.ts";
import { deriveKey, open, seal } from "../../kernel/seal.ts";
import { version } from "../../version.ts";
import { post } from "../outgoing/index.ts";
import { readPerson } from "../subject/index.ts";
import { sourcesOf } from "./ask-sources.ts";
import { sourceTrouble } from "./connectors/trouble.ts";
import { personValues } from "./domain/person-values.ts";
import { sourceTargets } from "./domain/source-book.ts";
import { insertTelling, type PreparedTelling } from "./source-store.ts";

/** What was carried out about a person and has to be carried out wherever else their data is. */
export interface CarriedOut {
  readonly right: "rectification" | "erasure" | "restriction";
  /** `req_…` of the request that asked for it; null when there was none. */
  readonly requestId: string | null;
  /** The sections of account data that it is about; none: all of them. */
  readonly sections?: readonly string[];
}

const eventOf = {
  rectification: "data.rectified",
  erasure: "data.erased",
  restriction: "data.restricted",
} as const satisfies Record<CarriedOut["right"], EventType>;

/**
 * Tells the systems that account data comes from, and whoever else holds a copy, that a person's data was rectified,
 * erased or restricted (GDPR Art. 19): a webhook event with ids alone, and to the `notify` address of a source whom it is
 * about. What does not arrive is tried again, for three days and longer.
 * Call it while the person can still be named: before their keys are destroyed. Asked again it tells again, so that a job
 * which died half-way can simply be repeated. Throws `not_found` and `gone` (they were erased before).
 *
 * @param subjectId `sub_…`
 */
export async function tellSources(ctx: Context, subjectId: string, carriedOut: CarriedOut): Promise<void> {
  await insertTelling(ctx, await prepareTelling(ctx, subjectId, carriedOut));
}

/**
 * The same, prepared for a statement that carries it out itself (`noticesPart`): nobody is told of what did not happen.
 * Throws as `tellSources` does.
 */
export async function prepareTelling(
  ctx: Context,
  subjectId: string,
  { right, requestId, sections = [] }: CarriedOut,
): Promise<PreparedTelling> {
  const { root, identifiers } = await readPerson(ctx, subjectId);
  const told = { type: eventOf[right], subjectId: formatId("sub", root.id), requestId, sections };
  const notice = Buffer.from(JSON.stringify({ ...told, person: personValues(identifiers) }));
  const notices = (await sourcesOf(ctx)).flatMap(({ name, notify }) => {
    if (notify === undefined) return [];
    const id = ctx.services.newId("evt");
    return [{ id, source: name, sealed: seal(noticeKey(ctx), noticePlace(id), notice).toString("base64") }];
  });
  return { ...told, notices };
}

// Not the person's own key: that may be gone before a source hears of it.
const noticeKey = (ctx: Context) => deriveKey(ctx.keys.data, "source_notice");
const noticePlace = (id: string) => `source_notice:${id}`;

/** What a source is to be told, as a job carries it: sealed, since it names the person. */
interface SourceNotice {
  /** Uuid; told as `evt_…`, the same at every attempt. */
  readonly id: string;
  readonly source: string;
  readonly sealed: string;
}

/**
 * Tells one source: POST with `{type, subjectId, requestId, sections, person: {phone, email, externalId}}`. Throws
 * `unavailable` when it does not answer with 2xx, so that the job is tried again. A source that is described no more, or
 * wants to know nothing, is told nothing.
 */
export async function notifySource(ctx: Context, { id, source, sealed }: SourceNotice, signal: AbortSignal) {
  const notify = (await sourcesOf(ctx)).find(({ name }) => name === source)?.notify;
  if (notify === undefined) return;
  const { services } = ctx;
  const posted = await post(
    notify.url,
    open(noticeKey(ctx), noticePlace(id), Buffer.from(sealed, "base64")),
    {
      ...notify.headers,
      "content-type": "application/json",
      "user-agent": `sayso/${version}`,
      "webhook-id": formatId("evt", id),
    },
    { targets: sourceTargets(services.sources.hosts, services.targets), signal },
  );
  if (posted.status === null || posted.status < 200 || posted.status >= 300)
    throw sourceTrouble(
      "unavailable",
      `The source ${source} was not told (${posted.status ?? posted.error}).`,
    );
}

import { createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import type { Command } from "commander";
import {
  approveRequest,
  createDelivery,
  getRequest,
  listDue,
  listRequests,
  openArchive,
  openRequest,
  type RequestKind,
} from "../features/datarequest/index.ts";
import { SaysoError } from "../kernel/errors.ts";
import { parseId } from "../kernel/ids.ts";
import { limits } from "../kernel/limits.ts";
import {
  ofOrganization,
  readDays,
  readInstant,
  readKind,
  readLanguage,
  readName,
  readNote,
  readReason,
  readRequestId,
} from "./arguments.ts";
import { withOrganization } from "./open-service.ts";
import { type OutputOptions, print, verb } from "./output.ts";
import { addStepCommands } from "./request-step-commands.ts";

interface RequestOptions extends OutputOptions {
  readonly organization?: string;
}

interface OpenOptions extends RequestOptions {
  readonly phone?: string;
  readonly waId?: string;
  readonly bsuid?: string;
  readonly email?: string;
  readonly externalId?: string;
  readonly subject?: string;
  readonly kind: RequestKind;
  readonly regime: string;
  readonly received?: Date;
  readonly language?: string;
}

interface ListOptions extends RequestOptions {
  readonly after?: string;
  readonly unassigned?: boolean;
}

interface ApproveOptions extends RequestOptions {
  readonly method?: string;
  readonly note?: string;
  readonly personTold?: string;
}

interface ArchiveOptions extends RequestOptions {
  readonly out: string;
}

/** `sayso request open|list|show|approve|deliver|archive` */
export function addRequestCommands(program: Command): void {
  const request = program.command("request").description("people's requests about their data");
  addOpenCommands(request);
  addAnswerCommands(request);
  addDueCommand(request);
  addStepCommands(request);
}

function addOpenCommands(request: Command): void {
  ofOrganization(
    verb(request, "open", "take a person's request; name them by one or more of the identifiers"),
  )
    .option("--phone <number>", "such as +12025550123")
    .option("--wa-id <id>", "the number as WhatsApp names it")
    .option("--bsuid <id>", "WhatsApp's business-scoped user id")
    .option("--email <address>")
    .option("--external-id <id>", "your own id of the person")
    .option("--subject <id>", "sub_…")
    .option("--kind <kind>", "access, portability, erasure or objection", readKind, "access")
    .option("--regime <key>", "the law that sets the date; several with commas", "gdpr")
    .option("--received <instant>", "when it reached you; now without it", readInstant)
    .option("--language <tag>", "the person's; the organization's without it", readLanguage)
    .action(async (options: OpenOptions) => {
      const { phone, waId, bsuid, email, externalId, kind, regime, language } = options;
      const opened = await withOrganization(options.organization, (ctx) =>
        openRequest(ctx, {
          subject: { phone, waId, bsuid, email, externalId, subjectId: options.subject },
          kind,
          regime: regime.split(","),
          receivedAt: (options.received ?? ctx.services.now()).toISOString(),
          channel: "staff",
          language,
        }),
      );
      print(options, opened, [
        opened.joined ? `${opened.id} was open for the same already.` : `${opened.id} is open.`,
        `The last day to answer is ${opened.lastDay}.`,
      ]);
    });

  ofOrganization(verb(request, "list", "requests, the newest first"))
    .option("--after <id>", "go on after this one", readRequestId)
    .option("--unassigned", "only open ones that nobody answers for")
    .action(async (options: ListOptions) => {
      const items = await withOrganization(options.organization, (ctx) =>
        listRequests(ctx, options.after && parseId("req", options.after), limits.listMost, {
          isUnassigned: options.unassigned,
        }),
      );
      print(
        options,
        { items, nextCursor: items.length === limits.listMost ? (items.at(-1)?.id ?? null) : null },
        items.map(({ id, kind, status, lastDay }) => `${id}  ${kind}  ${status}  last day ${lastDay}`),
      );
    });
}

function addDueCommand(request: Command): void {
  ofOrganization(verb(request, "overdue", "what is overdue, the most urgent first"))
    .option("--within <days>", "and what is due within so many days", readDays, 0)
    .option("--unassigned", "only what nobody answers for yet")
    .action(async (options: RequestOptions & { within: number; unassigned?: boolean }) => {
      const items = await withOrganization(options.organization, (ctx) =>
        listDue(ctx, {
          withinDays: options.within,
          unassigned: options.unassigned ?? false,
          limit: limits.listMost,
        }),
      );
      print(
        options,
        { items, nextCursor: null },
        items.map(({ requestId, kind, status, about, dueAt, overdue }) =>
          [requestId, kind, status, about, overdue ? "overdue since" : "due", dueAt].join("  "),
        ),
      );
    });
}

function addAnswerCommands(request: Command): void {
  ofOrganization(verb(request, "show <id>", "where a request stands")).action(
    async (id: string, options: RequestOptions) => {
      const shown = await withOrganization(options.organization, (ctx) => getRequest(ctx, id, "en"));
      print(options, shown, [
        `${shown.id}  ${shown.kind}  ${shown.status}  last day ${shown.lastDay}`,
        ...shown.timeline.map(({ at, event, status }) => `${at}  ${event}: ${status}`),
        ...(shown.archive === null
          ? []
          : [`${shown.archive.id}  ${shown.archive.state}  fetched ${shown.archive.downloads} times`]),
      ]);
    },
  );

  ofOrganization(
    verb(request, "approve <id>", "note how you made sure who asks; or, without, give the second approval"),
  )
    .option(
      "--method <method>",
      "such as account_login or met_in_person; not for a second approval",
      readName,
    )
    .option("--note <text>", "what staff saw; kept sealed", readNote)
    .option(
      "--person-told <text>",
      "how the person was told that somebody asks for them, or why not",
      readReason,
    )
    .action(async (id: string, options: ApproveOptions) => {
      const { method, note, personTold } = options;
      const approved = await withOrganization(options.organization, (ctx) =>
        approveRequest(ctx, id, method === undefined ? {} : { identity: { method, note }, personTold }),
      );
      const { needed, given } = approved.approvals;
      print(options, approved, [
        `${approved.id} has ${given} of ${needed} approvals and is ${approved.status}.`,
        ...(approved.archive?.state === "building"
          ? [`The running service builds ${approved.archive.id}.`]
          : []),
      ]);
    });

  ofOrganization(
    verb(request, "deliver <id>", "make a link and a passcode; both are shown this once"),
  ).action(async (id: string, options: RequestOptions) => {
    const made = await withOrganization(options.organization, (ctx) => createDelivery(ctx, id));
    print(options, made, [
      `Link:      ${made.url}`,
      `Passcode:  ${made.passcode} (send it by another way than the link)`,
      `Until:     ${made.expiresAt}`,
    ]);
  });

  ofOrganization(verb(request, "archive <id>", "write the archive to a new file, for staff"))
    .requiredOption("--out <file>", "a file that is not there yet")
    .action(async (id: string, options: ArchiveOptions) => {
      const bytes = await withOrganization(options.organization, async (ctx) => {
        const archive = await openArchive(ctx, id);
        await writeNew(options.out, archive.stream);
        return archive.bytes;
      });
      print(options, { id, file: options.out, bytes }, [
        `${options.out} has the archive of ${id}: ${bytes} bytes.`,
      ]);
    });
}

/** Writes a file that only its owner reads. What was there before stays; what was written half goes. */
async function writeNew(file: string, stream: ReadableStream<Uint8Array>): Promise<void> {
  const target = createWriteStream(file, { flags: "wx", mode: 0o600 });
  let isOurs = false;
  target.once("open", () => {
    isOurs = true;
  });
  try {
    await pipeline(stream, target);
  } catch (cause) {
    if (isOurs) await rm(file, { force: true });
    if (cause instanceof SaysoError) throw cause;
    const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
    throw code === "EEXIST"
      ? new SaysoError("conflict", `${file} is there already. Name another file.`, { cause })
      : new SaysoError("unavailable", `${file} cannot be written (${String(code)}).`, { cause });
  }
}

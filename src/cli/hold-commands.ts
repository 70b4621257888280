import type { Command } from "commander";
import { endHold, type HoldInput, listHolds, placeHold, prolongHold } from "../features/retention/index.ts";
import { parseId } from "../kernel/ids.ts";
import { limits } from "../kernel/limits.ts";
import { ofOrganization, readHoldId, readInstant, readReason } from "./arguments.ts";
import { withOrganization } from "./open-service.ts";
import { type OutputOptions, print, verb } from "./output.ts";

interface HoldOptions extends OutputOptions {
  readonly organization?: string;
}

interface PlaceOptions extends HoldOptions {
  readonly subject?: string;
  readonly everybody?: boolean;
  readonly reason: string;
  readonly review: Date;
}

interface ReviewOptions extends HoldOptions {
  readonly reason: string;
  readonly review: Date;
}

interface ReleaseOptions extends HoldOptions {
  readonly reason: string;
}

interface ListOptions extends HoldOptions {
  readonly after?: string;
}

/** `sayso hold place|list|review|release` */
export function addHoldCommands(program: Command): void {
  const hold = program
    .command("hold")
    .description("what must be kept for now: it stops erasure and retention");

  ofOrganization(verb(hold, "place", "keep everything of one person, or of everybody"))
    .option("--subject <id>", "sub_…")
    .option("--everybody", "everything that the organization has")
    .requiredOption("--reason <text>", "why; kept sealed", readReason)
    .requiredOption("--review <instant>", "when to look at it again", readInstant)
    .action(async (options: PlaceOptions, command: Command) => {
      const { subject, everybody, reason, review } = options;
      if ((subject === undefined) === (everybody !== true))
        command.error("error: name one person with --subject, or give --everybody");
      const terms = { reason, reviewAt: review.toISOString() };
      const input: HoldInput =
        subject === undefined
          ? { scope: "organization", ...terms }
          : { scope: "person", subject: { subjectId: subject }, ...terms };
      const placed = await withOrganization(options.organization, (ctx) => placeHold(ctx, input));
      print(options, placed, [`${placed.id} holds. Look at it again by ${placed.reviewAt}.`]);
    });

  ofOrganization(verb(hold, "list", "holds, released ones included, the newest first"))
    .option("--after <id>", "go on after this one", readHoldId)
    .action(async (options: ListOptions) => {
      const items = await withOrganization(options.organization, (ctx) =>
        listHolds(ctx, options.after && parseId("hld", options.after), limits.listMost),
      );
      print(
        options,
        { items, nextCursor: items.length === limits.listMost ? (items.at(-1)?.id ?? null) : null },
        items.map(
          ({ id, subjectId, reviewAt, releasedAt, isReviewDue }) =>
            `${id}  ${subjectId ?? "everybody"}  ${releasedAt === null ? (isReviewDue ? `to be looked at since ${reviewAt}` : `until ${reviewAt}`) : `released ${releasedAt}`}`,
        ),
      );
    });

  ofOrganization(verb(hold, "review <id>", "keep a hold for longer"))
    .requiredOption("--reason <text>", "why; kept sealed", readReason)
    .requiredOption("--review <instant>", "when to look at it again", readInstant)
    .action(async (id: string, options: ReviewOptions) => {
      const { reason, review } = options;
      const reviewed = await withOrganization(options.organization, (ctx) =>
        prolongHold(ctx, id, { reason, reviewAt: review.toISOString() }),
      );
      print(options, reviewed, [`${id} holds on. Look at it again by ${reviewed.reviewAt}.`]);
    });

  ofOrganization(verb(hold, "release <id>", "end a hold: from then on things are erased and expire again"))
    .requiredOption("--reason <text>", "why; kept sealed", readReason)
    .action(async (id: string, options: ReleaseOptions) => {
      const { reason } = options;
      const released = await withOrganization(options.organization, (ctx) => endHold(ctx, id, { reason }));
      print(options, released, [`${id} is released.`]);
    });
}

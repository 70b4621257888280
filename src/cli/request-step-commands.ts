import type { Command } from "commander";
import type { Context } from "../context.ts";
import {
  askClarification,
  assignRequest,
  cancelRequest,
  closeRequest,
  extendRequest,
  type RefusalGround,
  receiveClarification,
  refuseRequest,
} from "../features/datarequest/index.ts";
import { ofOrganization, readDay, readInstant, readName, readNote, readRefusalGround } from "./arguments.ts";
import { withOrganization } from "./open-service.ts";
import { type OutputOptions, print, verb } from "./output.ts";

interface StepOptions extends OutputOptions {
  readonly organization?: string;
  readonly owner?: string;
  readonly reason: string;
  readonly ground: RefusalGround;
  readonly legalGround?: string;
  readonly at?: Date;
  readonly until?: string;
}

type Stepped = Awaited<ReturnType<typeof assignRequest>>;

/** `sayso request assign|ask-clarification|receive-clarification|extend|refuse|cancel|close` */
export function addStepCommands(request: Command): void {
  step(
    request,
    "assign",
    "say who answers for it; without --owner it is on the unassigned list",
    (ctx, id, { owner }) => assignRequest(ctx, id, { owner: owner ?? null }),
  ).option("--owner <name>", "your name of a desk or of staff", readName);
  reasoned(
    step(
      request,
      "ask-clarification",
      "note that the person was asked what they mean",
      (ctx, id, { reason, at }) => askClarification(ctx, id, { reason, askedAt: at?.toISOString() }),
    ),
  ).option("--at <instant>", "when; now without it", readInstant);
  step(request, "receive-clarification", "note that they answered", (ctx, id, { at }) =>
    receiveClarification(ctx, id, { answeredAt: at?.toISOString() }),
  ).option("--at <instant>", "when; now without it", readInstant);
  reasoned(
    step(
      request,
      "extend",
      "put the answer off, once, with the letter as a draft",
      (ctx, id, { reason, at, until }) =>
        extendRequest(ctx, id, { reason, notifiedAt: at?.toISOString(), until }),
    ),
  )
    .option("--at <instant>", "when the person was told; now without it", readInstant)
    .option("--until <day>", "the date they were told, for a law that sets no length", readDay);
  reasoned(
    step(
      request,
      "refuse",
      "refuse it, with the letter as a draft; its archive is deleted",
      (ctx, id, { ground, reason, legalGround }) => refuseRequest(ctx, id, { ground, reason, legalGround }),
    ),
  )
    .requiredOption("--ground <ground>", "such as excessive or rights_of_others", readRefusalGround)
    .option(
      "--legal-ground <text>",
      "the provision that it rests on, where the law wants it named",
      readName,
    );
  reasoned(
    step(request, "cancel", "end it, since it was taken back", (ctx, id, { reason }) =>
      cancelRequest(ctx, id, { reason }),
    ),
  );
  reasoned(
    step(request, "close", "end it, since the person has their answer", (ctx, id, { reason }) =>
      closeRequest(ctx, id, { reason }),
    ),
  );
}

function step(
  request: Command,
  name: string,
  does: string,
  take: (ctx: Context, id: string, options: StepOptions) => Promise<Stepped>,
): Command {
  return ofOrganization(verb(request, `${name} <id>`, does)).action(
    async (id: string, options: StepOptions) => {
      const stepped = await withOrganization(options.organization, (ctx) => take(ctx, id, options));
      print(options, stepped, [
        `${stepped.id} is ${stepped.status}; the last day to answer is ${stepped.lastDay}.`,
        stepped.owner === null ? "Nobody answers for it yet." : `${stepped.owner} answers for it.`,
        ...(stepped.next !== null && "letterId" in stepped.next
          ? [`Send ${stepped.next.letterId} by ${stepped.next.neededBy}.`]
          : []),
      ]);
    },
  );
}

function reasoned(command: Command): Command {
  return command.requiredOption("--reason <text>", "in words for the person; kept sealed", readNote);
}

import type { Context, Services } from "../../context.ts";
import { SaysoError } from "../../kernel/errors.ts";
import { formatId } from "../../kernel/ids.ts";
import { limits } from "../../kernel/limits.ts";
import { getOrganization } from "../organization/index.ts";
import { addressIn } from "./domain/due.ts";
import { writeDueMail } from "./due-mail.ts";
import {
  type ClaimedWarning,
  claimWarnings,
  endWarningMail,
  insertWarning,
  isStillDue,
  selectNearing,
} from "./due-store.ts";

type ContextFor = (organizationId: string) => Promise<Context>;

/**
 * Warns of what is due: each threshold once, whatever is restarted meanwhile. Other systems are told by webhook in the
 * statement that records it; the organization's data protection officer by mail, which is tried again until it is taken or
 * nothing is due any more. Returns how many were warned of.
 */
export async function warnOfDue(services: Services, contextFor: ContextFor): Promise<number> {
  let warned = 0;
  let failure: unknown;
  for (const nearing of await selectNearing(services)) {
    try {
      const ctx = await contextFor(nearing.organizationId);
      const isMailed = services.sendMail !== undefined && !ctx.keys.isSandbox;
      if ((await insertWarning(ctx, nearing, isMailed)) !== undefined) warned += 1;
    } catch (error) {
      // One that cannot be recorded holds up no other.
      failure ??= error;
    }
  }
  for (const claimed of await claimWarnings(services)) {
    await mailWarning(await contextFor(claimed.organizationId), claimed);
  }
  if (failure !== undefined) throw failure;
  return warned;
}

async function mailWarning(ctx: Context, claimed: ClaimedWarning): Promise<void> {
  const { sendMail } = ctx.services;
  const organization = await getOrganization(ctx);
  const to = addressIn(organization.dpo?.contact);
  if (sendMail === undefined || to === undefined || !(await isStillDue(ctx, claimed))) {
    return endWarningMail(ctx, claimed, { isMailed: false, failure: null, retrySeconds: null });
  }
  const reference = formatId("req", claimed.requestId);
  try {
    await sendMail({
      to,
      id: `${reference}-${claimed.about}-${claimed.warning}-${claimed.dueAt.getTime()}`,
      ...writeDueMail(claimed, reference, organization),
    });
  } catch (error) {
    const isFinal = error instanceof SaysoError && error.code === "conflict";
    return endWarningMail(ctx, claimed, {
      isMailed: false,
      failure: error instanceof SaysoError ? error.detail : "The mail could not be written.",
      retrySeconds: isFinal ? null : (limits.letterRetrySeconds[claimed.attempts - 1] ?? null),
    });
  }
  return endWarningMail(ctx, claimed, { isMailed: true, failure: null, retrySeconds: null });
}

import type { Context, Services } from "../../context.ts";
import { formatId } from "../../kernel/ids.ts";
import { inTurn } from "../../kernel/in-turn.ts";
import { limits } from "../../kernel/limits.ts";
import { insertBreaker, selectComplaints, selectMarketingSenders } from "./complaint-store.ts";
import { causesIn } from "./domain/complaints.ts";
import { builtInPolicy } from "./domain/policy.ts";
import { readPolicy } from "./policies.ts";
import { getPolicyInForce } from "./show-policies.ts";

/** A sender (uuid), or all senders of a WhatsApp Business Account. */
export type ComplainedAbout = { readonly senderId: string } | { readonly wabaId: string };

/**
 * Opens the breaker of each sender whose complaints pass the limits of the policy in force: from then on every check of
 * its marketing is denied until staff close it. Returns how many it opened; asked again it opens none.
 */
export async function weighComplaints(ctx: Context, about: ComplainedAbout): Promise<number> {
  const { services } = ctx;
  const { version, document } = await getPolicyInForce(ctx);
  const policy = version === null ? builtInPolicy : readPolicy(version, document);
  let opened = 0;
  for (const counted of await selectComplaints(ctx, about, policy.complaintLimits.hours)) {
    const causes = causesIn(counted, policy);
    if (causes.length === 0) continue;
    const id = services.newId("brk");
    const made = await insertBreaker(
      // It goes on record for itself, not as the answer to whatever request brought it about.
      { ...ctx, idempotency: undefined },
      {
        id,
        eventId: services.newId("evt"),
        publicId: formatId("brk", id),
        causes,
        counted,
        policyVersion: policy.version,
      },
    );
    if (made === undefined) continue;
    opened += 1;
    const senderId = formatId("snd", counted.senderId);
    services.log.warn(
      { breakerId: formatId("brk", id), senderId, causes },
      "marketing stopped by complaints",
    );
  }
  return opened;
}

/**
 * Weighs the complaints about every sender that sent marketing of late. One organization that fails holds up none of
 * the others; the first failure is thrown when all had their turn.
 */
export async function weighAllComplaints(
  services: Services,
  contextOf: (organizationId: string) => Promise<Context>,
): Promise<void> {
  const senders = await selectMarketingSenders(services, limits.complaintHours);
  await inTurn(senders, async ({ organizationId, senderId }) => {
    await weighComplaints(await contextOf(organizationId), { senderId });
  });
}

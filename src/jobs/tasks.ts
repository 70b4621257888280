import { z } from "zod";
import type { Composed } from "../compose.ts";
import { applyRetention, asOwner, makePartitions, sweepErased } from "../db/partitions.ts";
import { dropPastTurns } from "../db/rate-limit.ts";
import { dropUnclaimedAttachments, mailConfirmation } from "../features/consent/index.ts";
import {
  buildRequestedArchive,
  erasedRecords,
  expireArchives,
  mailLetter,
  resumeBuilds,
  resumeLetters,
  warnOfDue,
} from "../features/datarequest/index.ts";
import { optOutKeywords, refreshReach, weighAllComplaints, weighComplaints } from "../features/gate/index.ts";
import { dropPastCodes } from "../features/preference/index.ts";
import { dropPastClaims, openClaimedRequest, resumeClaims } from "../features/privacy/index.ts";
import { dropOldBodies, processStoredBody, replayUnclaimed } from "../features/whatsapp/index.ts";
import { fillInThread } from "./archive-thread.ts";
import type { Tasks } from "./worker.ts";

const archiveJob = z.object({ organizationId: z.uuid(), archiveId: z.uuid() });
const letterJob = z.object({ organizationId: z.uuid(), letterId: z.uuid() });
const confirmationJob = z.object({ organizationId: z.uuid(), captureTokenId: z.uuid(), hash: z.string() });
const claimJob = z.object({ organizationId: z.uuid(), claimId: z.uuid() });
const bodyJob = z.object({ id: z.uuid() });
const erasureJob = z.object({ organizationId: z.uuid(), requestId: z.uuid() });
const senderJob = z.object({ phoneNumberId: z.string(), wabaId: z.string() });

/** All background work of the service: each task reads its payload and calls a use case. */
export function composeTasks(composed: Composed): Tasks {
  const { services, organizationKeys, contextFor, threadSeed, ownerUrl } = composed;
  const intake = { services, organizationKeys, onComplaint: weighComplaints, ownKeywords: optOutKeywords };
  const asSystem = (organizationId: string, job: string) =>
    contextFor(organizationId, { kind: "system", id: job }, `job:${job}`);
  return {
    list: {
      build_archive: async (payload, signal) => {
        const { organizationId, archiveId } = archiveJob.parse(payload);
        await buildRequestedArchive(await asSystem(organizationId, "build_archive"), archiveId, (attempt) =>
          fillInThread({ seed: threadSeed, ...attempt }, signal),
        );
      },
      resume_archives: async () => {
        const resumed = await resumeBuilds(services);
        if (resumed > 0) services.log.warn({ resumed }, "archives queued again");
      },
      expire_archives: async () => {
        const deleted = await expireArchives(services, (organizationId) =>
          asSystem(organizationId, "expire_archives"),
        );
        if (deleted > 0) services.log.info({ deleted }, "expired archives deleted");
      },
      send_letter: async (payload) => {
        const { organizationId, letterId } = letterJob.parse(payload);
        await mailLetter(await asSystem(organizationId, "send_letter"), letterId);
      },
      warn_of_due: async () => {
        const warned = await warnOfDue(services, (organizationId) => asSystem(organizationId, "warn_of_due"));
        if (warned > 0) services.log.warn({ warned }, "data requests due soon or overdue");
      },
      resume_letters: async () => void (await resumeLetters(services)),
      open_claimed_request: async (payload) => {
        const { organizationId, claimId } = claimJob.parse(payload);
        const ctx = await contextFor(organizationId, { kind: "person" }, "job:open_claimed_request");
        await openClaimedRequest(ctx, claimId);
      },
      resume_claims: () => resumeClaims(services),
      drop_past_claims: () => dropPastClaims(services),
      send_confirmation: async (payload) => {
        const { organizationId, ...signUp } = confirmationJob.parse(payload);
        await mailConfirmation(await asSystem(organizationId, "send_confirmation"), signUp);
      },
      drop_unclaimed_attachments: async () => void (await dropUnclaimedAttachments(services)),
      process_webhook_body: (payload) => processStoredBody(intake, bodyJob.parse(payload).id),
      replay_unclaimed_updates: (payload) => replayUnclaimed(intake, senderJob.parse(payload)),
      drop_webhook_days: async () => void (await dropOldBodies(services)),
      drop_past_turns: async () => void (await dropPastTurns(services)),
      drop_past_codes: async () => void (await dropPastCodes(services)),
      refresh_reach: () => refreshReach(services),
      weigh_complaints: () =>
        weighAllComplaints(services, (organizationId) => asSystem(organizationId, "weigh_complaints")),
      sweep_erased: async (payload) => {
        const { organizationId, requestId } = erasureJob.parse(payload);
        const records = await erasedRecords(await asSystem(organizationId, "sweep_erased"), requestId);
        await asOwner(ownerUrl, (owner) => sweepErased(owner, organizationId, records));
      },
      make_partitions: async () => {
        const { made, inDefault } = await asOwner(ownerUrl, makePartitions);
        if (made.length > 0) services.log.info({ made }, "partitions made");
        if (inDefault.length > 0)
          services.log.warn({ inDefault }, "months that stay in the default partition");
      },
      apply_retention: async (_payload, signal) => {
        const removed = await asOwner(ownerUrl, (owner) => applyRetention(owner, signal));
        if (removed.rows > 0) services.log.info(removed, "retention applied");
      },
    },
    schedule: [
      { task: "resume_archives", match: "* * * * *" },
      { task: "resume_letters", match: "* * * * *" },
      { task: "warn_of_due", match: "* * * * *" },
      { task: "resume_claims", match: "* * * * *" },
      { task: "drop_past_claims", match: "25 * * * *" },
      { task: "refresh_reach", match: "* * * * *" },
      { task: "weigh_complaints", match: "* * * * *" },
      { task: "expire_archives", match: "*/10 * * * *" },
      { task: "drop_unclaimed_attachments", match: "*/10 * * * *" },
      { task: "drop_past_turns", match: "5 * * * *" },
      { task: "drop_webhook_days", match: "10 0 * * *" },
      { task: "drop_past_codes", match: "15 0 * * *" },
      { task: "make_partitions", match: "20 0 * * *" },
      { task: "apply_retention", match: "40 0 * * *" },
    ],
  };
}

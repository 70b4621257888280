import type { RequestStatus } from "./life.ts";

/** Where a request stands for an OpenDSR controller (specification 2.0, section 8). */
export type OpendsrStatus = "pending" | "in_progress" | "completed" | "cancelled";

/**
 * Our statuses in OpenDSR's words. A refusal is told as cancelled, the only word it has for a request that ends unanswered.
 * The database function `opendsr_status` has the same table; a test compares them.
 */
export const opendsrStatuses: Readonly<Record<RequestStatus, OpendsrStatus>> = {
  received: "pending",
  identity_check: "pending",
  in_progress: "in_progress",
  ready: "in_progress",
  delivered: "completed",
  closed: "completed",
  expired: "completed",
  refused: "cancelled",
  cancelled: "cancelled",
};

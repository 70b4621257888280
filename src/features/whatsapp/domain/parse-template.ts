import { z } from "zod";
import {
  anything,
  constant,
  futureInstant,
  ignored,
  keptText,
  lenient,
  malformed,
  originOf,
  platformId,
  type Setting,
  stamp,
} from "./reading.ts";
import type { Quality, TemplateCategory, TemplateStatus, Update } from "./update.ts";

const nameMembers = {
  message_template_id: lenient(platformId),
  message_template_name: keptText.min(1),
  message_template_language: keptText.min(1).max(35),
};

function templateName(value: z.infer<z.ZodObject<typeof nameMembers>>) {
  return {
    templateId: value.message_template_id ?? null,
    name: value.message_template_name,
    language: value.message_template_language,
  };
}

const statusSchema = z.object({
  ...nameMembers,
  event: constant,
  message_template_category: lenient(z.string()),
});

/** What each event says of sending. An event that is in neither table leaves it open: `unknown`, not sendable. */
const statusOfEvent: ReadonlyMap<string, TemplateStatus["status"]> = new Map([
  ["APPROVED", "approved"],
  ["REINSTATED", "approved"],
  ["PENDING", "pending"],
  ["IN_APPEAL", "pending"],
  ["REJECTED", "rejected"],
  ["PAUSED", "paused"],
  ["DISABLED", "disabled"],
  ["FLAGGED", "flagged"],
  ["ARCHIVED", "archived"],
  ["DELETED", "deleted"],
  ["PENDING_DELETION", "deleted"],
]);
/** About editing and the number of templates, not about sending. */
const eventsWithoutEffect: ReadonlySet<string> = new Set(["LOCKED", "UNLOCKED", "LIMIT_EXCEEDED"]);

/** Reads a `message_template_status_update`. Source: Meta's webhook reference of that name. */
export function parseTemplateStatus(value: unknown, setting: Setting): Update {
  const read = statusSchema.safeParse(value);
  if (!read.success) return malformed(setting, read.error);
  const { event, message_template_category: category } = read.data;
  if (eventsWithoutEffect.has(event)) return ignored(setting, "template_event");
  return {
    ...originOf(setting),
    ...stamp(setting.entryTime, setting.receivedAt),
    ...templateName(read.data),
    type: "template_status",
    status: statusOfEvent.get(event) ?? "unknown",
    category: category === undefined ? null : categoryOf(category),
  };
}

const categorySchema = z.object({
  ...nameMembers,
  correct_category: lenient(z.string()),
  new_category: z.string(),
  previous_category: lenient(z.string()),
  category_update_timestamp: anything,
});

/**
 * Reads a `template_category_update`. Meta announces a change (`correct_category` is what comes, `new_category`
 * what still is) and a day later reports it done (`new_category` is what is). Source: Meta's webhook reference of
 * that name.
 */
export function parseTemplateCategory(value: unknown, setting: Setting): Update {
  const read = categorySchema.safeParse(value);
  if (!read.success) return malformed(setting, read.error);
  const { correct_category: coming, new_category: named, previous_category: before } = read.data;
  const head = {
    ...originOf(setting),
    ...stamp(setting.entryTime, setting.receivedAt),
    ...templateName(read.data),
    type: "template_category" as const,
  };
  if (coming !== undefined) {
    return {
      ...head,
      phase: "announced",
      category: categoryOf(coming),
      previousCategory: categoryOf(named),
      effectiveAt: futureInstant(read.data.category_update_timestamp),
    };
  }
  return {
    ...head,
    phase: "done",
    category: categoryOf(named),
    previousCategory: before === undefined ? null : categoryOf(before),
    effectiveAt: null,
  };
}

/** A category nobody has told us of is taken for the strictest, marketing. */
function categoryOf(text: string): TemplateCategory {
  const category = text.toLowerCase();
  return category === "utility" || category === "authentication" ? category : "marketing";
}

const qualitySchema = z.object({
  ...nameMembers,
  new_quality_score: z.string(),
  previous_quality_score: lenient(z.string()),
});

/** Reads a `message_template_quality_update`. Source: Meta's webhook reference of that name. */
export function parseTemplateQuality(value: unknown, setting: Setting): Update {
  const read = qualitySchema.safeParse(value);
  if (!read.success) return malformed(setting, read.error);
  return {
    ...originOf(setting),
    ...stamp(setting.entryTime, setting.receivedAt),
    ...templateName(read.data),
    type: "template_quality",
    quality: qualityOf(read.data.new_quality_score),
    previousQuality: qualityOf(read.data.previous_quality_score),
  };
}

function qualityOf(text: string | undefined): Quality {
  const quality = text?.toLowerCase();
  return quality === "green" || quality === "yellow" || quality === "red" ? quality : "unknown";
}

import { customType, timestamp, uuid } from "drizzle-orm/pg-core";

/** Raw bytes: keyed hashes, wrapped keys and sealed values. */
export const bytes = customType<{ data: Buffer }>({ dataType: () => "bytea" });

/** A UTC instant to the millisecond, as JavaScript's Date has it. */
export const instant = () => timestamp({ withTimezone: true, precision: 3 });

/** The organization that a row belongs to: the first part of every key. */
export const organizationId = () => uuid().notNull();

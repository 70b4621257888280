ALTER TABLE "collection_point" ADD COLUMN "chat_gives_consent" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "collection_point" ADD COLUMN "keywords" text[] DEFAULT '{}' NOT NULL;--> statement-breakpoint
CREATE INDEX "collection_point_hears" ON "collection_point" USING btree ("organization_id") WHERE chat_gives_consent or keywords <> '{}';
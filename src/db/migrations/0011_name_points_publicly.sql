ALTER TABLE "collection_point" ADD COLUMN "public_key" uuid DEFAULT gen_random_uuid() NOT NULL;--> statement-breakpoint
ALTER TABLE "collection_point" ADD COLUMN "origins" text[] DEFAULT '{}' NOT NULL;--> statement-breakpoint
ALTER TABLE "collection_point" ADD COLUMN "chat_sender_id" uuid;--> statement-breakpoint
ALTER TABLE "collection_point" ADD COLUMN "chat_text" text;--> statement-breakpoint
ALTER TABLE "collection_point" ADD CONSTRAINT "collection_point_chat_sender" FOREIGN KEY ("organization_id","chat_sender_id") REFERENCES "public"."sender"("organization_id","id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "collection_point" ADD CONSTRAINT "collection_point_public_key" UNIQUE("public_key");
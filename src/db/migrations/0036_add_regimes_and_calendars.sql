CREATE TABLE "holiday_calendar" (
	"organization_id" uuid NOT NULL,
	"country" text NOT NULL,
	"year" smallint NOT NULL,
	"source" text NOT NULL,
	"days_off" date[] NOT NULL,
	"working_days" date[] NOT NULL,
	"loaded_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "holiday_calendar_organization_id_country_year_pk" PRIMARY KEY("organization_id","country","year")
);
--> statement-breakpoint
ALTER TABLE "data_request" ADD COLUMN "regimes" text[] DEFAULT '{}' NOT NULL;--> statement-breakpoint
ALTER TABLE "data_request" ADD COLUMN "clocks" jsonb DEFAULT '[]'::jsonb NOT NULL;--> statement-breakpoint
ALTER TABLE "organization" ADD COLUMN "secondary_regimes" text[] DEFAULT '{}' NOT NULL;--> statement-breakpoint
ALTER TABLE "holiday_calendar" ADD CONSTRAINT "holiday_calendar_organization_id_organization_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organization"("id") ON DELETE no action ON UPDATE no action;
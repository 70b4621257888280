ALTER TABLE "collection_point_version" ADD COLUMN "boxes" jsonb;

export { readAccountData, type StoredSection } from "./account-data.ts";
export { listCustomSections } from "./custom-sections.ts";
export { photoMediaTypes } from "./domain/photo.ts";
export {
  isSectionName,
  type SectionDocuments,
  type SectionName,
  sectionNames,
  sectionSchema,
  sectionSchemas,
} from "./domain/sections.ts";
export { tellSources } from "./tell-sources.ts";

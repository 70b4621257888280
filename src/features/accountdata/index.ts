export { readAccountData, type StoredSection } from "./account-data.ts";
export { askSources, type SourcedSection, sourcesOf } from "./ask-sources.ts";
export { checkSources } from "./check-sources.ts";
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
export type { SourceBook } from "./domain/source-book.ts";
export { readSourcesFile } from "./read-sources-file.ts";
export { noticesPart, type PreparedTelling } from "./source-store.ts";
export { notifySource, prepareTelling, tellSources } from "./tell-sources.ts";

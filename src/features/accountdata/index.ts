export { photoMediaTypes } from "./domain/photo.ts";
export {
  isSectionName,
  type SectionDocuments,
  type SectionName,
  sectionNames,
  sectionSchema,
  sectionSchemas,
} from "./domain/sections.ts";

/** The service answered otherwise than the story says. */
export class StoryError extends Error {
  override readonly name = "StoryError";
}

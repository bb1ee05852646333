/** A token that a caption's text encoder reads. */
export interface CaptionToken {
  /** Its place in the vocabulary. */
  readonly id: number;
  /** Its text, lower-cased; of special tokens their name. */
  readonly text: string;
}

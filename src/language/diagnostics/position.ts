export interface Position {
  line: number;
  column: number;
}

/** A range in a file. Lines and columns count from 1, columns in UTF-16 units as editors count them; `end` is exclusive. */
export interface Range {
  start: Position;
  end: Position;
}

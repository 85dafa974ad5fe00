/** Why VirtualBox cannot be used, and the one thing that helps. */
export interface Obstacle {
  readonly problem: string;
  readonly fix: string;
}

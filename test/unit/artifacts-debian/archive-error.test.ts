import { describe, expect, it } from "vitest";
import { archiveError } from "../../../src/artifacts/debian/make-root.ts";

const archive = "http://127.0.0.1:9/debian";

/** Real output of mmdebstrap 1.3.5 with apt 2.6.1. */
const refused = `I: running apt-get update...
Ign:1 http://127.0.0.1:9/debian bookworm InRelease
Err:1 http://127.0.0.1:9/debian bookworm InRelease
  Could not connect to 127.0.0.1:9 (127.0.0.1). - connect (111: Connection refused)
Reading package lists...
E: Failed to fetch http://127.0.0.1:9/debian/dists/bookworm/InRelease  Could not connect to 127.0.0.1:9 (127.0.0.1). - connect (111: Connection refused)
E: Some index files failed to download. They have been ignored, or old ones used instead.
E: apt-get update --error-on=any -oAPT::Status-Fd=<$fd> -oDpkg::Use-Pty=false failed
E: mmdebstrap failed to run`;

const altered = `Get:1 http://127.0.0.1:8899 bookworm InRelease [151 kB]
Err:1 http://127.0.0.1:8899 bookworm InRelease
  The following signatures were invalid: BADSIG 6ED0E7B82643E131 Debian Archive Automatic Signing Key (12/bookworm)
Reading package lists...
W: GPG error: http://127.0.0.1:8899 bookworm InRelease: The following signatures were invalid: BADSIG 6ED0E7B82643E131
E: The repository 'http://127.0.0.1:8899 bookworm InRelease' is not signed.
E: mmdebstrap failed to run`;

describe("archiveError", () => {
  it("gives apt's own sentence when the archive is not reached", () => {
    const problem =
      "Failed to fetch http://127.0.0.1:9/debian/dists/bookworm/InRelease  Could not connect to 127.0.0.1:9 (127.0.0.1). - connect (111: Connection refused)";
    expect(archiveError(archive, refused)).toMatchObject({
      id: "DEBIAN_ARCHIVE_UNREACHABLE",
      params: { archive, problem },
    });
  });

  it("tells a lying archive from a silent one", () => {
    expect(archiveError(archive, altered)).toMatchObject({
      id: "DEBIAN_ARCHIVE_UNTRUSTED",
      params: { problem: expect.stringContaining("BADSIG 6ED0E7B82643E131") as string },
    });
    const swapped = "E: Failed to fetch http://a/pool/x.deb  Hash Sum mismatch";
    expect(archiveError(archive, swapped)?.id).toBe("DEBIAN_ARCHIVE_UNTRUSTED");
  });

  it("does not blame the archive for other failures", () => {
    expect(
      archiveError(archive, "E: dpkg: error processing archive: No space left on device"),
    ).toBeUndefined();
  });
});

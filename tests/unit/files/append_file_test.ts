import { describe, it } from "node:test";
import { assertEquals, assertThrows } from "@std/assert";
import { FileError } from "../../../src/runtime.ts";
import { AppendFile, FileClosed } from "../../../src/files/append_file.ts";
import { MonitoringDirectory } from "../../../src/files/directory.ts";
import { FlushJournal } from "../../../src/files/flush_journal.ts";
import { type DiskOperation, MemoryDisk } from "../../support/fake/memory_disk.ts";
import { failAll, repair } from "../../support/fake/disk_faults.ts";
import { bytes } from "../../support/fake/published_files.ts";
import { openSegment, OWNER } from "../../support/segments.ts";

const HEADER = "Timepoint,Measurement,Label,PID\r\n";
const PATH = "/_monitoring/x.csv";
const OWNER_OF_X = { ...OWNER, channel: "x" };
const OLD = "1,1,old,1\r\n";
const ROWS = "2,2,new,1\r\n3,3,new,1\r\n";

interface Appending {
  readonly disk: MemoryDisk;
  readonly file: AppendFile;
  readonly journal: FlushJournal;
  /** Writes rows, and checks that they count as published if and only if they are written. */
  readonly write: (rows: string) => boolean;
}

function appended(content?: string, disk = new MemoryDisk(), sequence = 1): Appending {
  const directory = MonitoringDirectory.create(disk, "/_monitoring");
  if (content !== undefined) disk.plant(PATH, "file", content);
  const journal = new FlushJournal(openSegment(1024));
  const file = new AppendFile(directory, { owner: OWNER_OF_X, sequence }, journal);
  const write = (rows: string): boolean => {
    const { published } = journal;
    const next = published + rows.split("\r\n").length - 1;
    const isWritten = file.write(bytes(rows), next);
    assertEquals([journal.published, journal.step.kind], [isWritten ? next : published, "none"]);
    return isWritten;
  };
  return { disk, file, journal, write };
}

/** Does something once, before the first operation of a kind. */
function meanwhile(disk: MemoryDisk, kind: DiskOperation, task: () => void): void {
  disk.before = (operation) => {
    if (operation !== kind) return;
    repair(disk);
    task();
  };
}

describe("AppendFile", () => {
  it("creates the file with a header, then appends only rows", () => {
    const { disk, file, write } = appended();
    assertEquals([write(OLD), write(ROWS)], [true, true]);
    file.commit();
    file.abort();
    assertEquals([disk.text(PATH), disk.openHandles], [HEADER + OLD + ROWS, 0]);
  });

  it("creates the file such that no reader ever sees it without its header", () => {
    const { disk, write } = appended();
    disk.writeLimit = 5;
    disk.before = () => {
      if (disk.paths().includes(PATH)) assertEquals(disk.text(PATH).slice(0, HEADER.length), HEADER);
    };
    write(ROWS);
    assertEquals([disk.text(PATH), disk.paths()], [HEADER + ROWS, ["/_monitoring", PATH]]);
  });

  for (const code of ["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"]) {
    it(`creates the file where there are no hard links (${code})`, () => {
      const { disk, write } = appended();
      failAll(disk, code, "link");
      assertEquals([write(OLD), write(ROWS)], [true, true]);
      assertEquals([disk.text(PATH), disk.openHandles], [HEADER + OLD + ROWS, 0]);
      assertEquals(disk.paths(), ["/_monitoring", PATH]);
    });
  }

  it("neither follows nor changes a link at the temporary name", () => {
    const { disk, write } = appended();
    disk.plant("/home/victim", "file", "precious");
    const planted = "/_monitoring/.x.csv.4242-0badcafe-000001-0.tmp";
    disk.plant(planted, "symlink", "/home/victim");
    try {
      write(ROWS);
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
    }
    assertEquals([disk.text("/home/victim"), disk.status(planted)?.kind, disk.openHandles], ["precious", "symlink", 0]);
  });

  it("writes the header to an empty file", () => {
    const { disk, write } = appended("");
    write(ROWS);
    assertEquals(disk.text(PATH), HEADER + ROWS);
  });

  it("is shared by several writers", () => {
    const one = appended();
    const { disk } = one;
    const other = appended(undefined, disk, 2);
    for (const { write } of [one, other, other, one]) write(OLD);
    assertEquals(disk.text(PATH), HEADER + OLD.repeat(4));
  });

  it("writes nothing while another program holds the lock", () => {
    const { disk, write } = appended(HEADER + OLD);
    const release = disk.lock(PATH);
    assertEquals([write(ROWS), disk.text(PATH), disk.openHandles], [false, HEADER + OLD, 0]);
    release();
    assertEquals([write(ROWS), disk.text(PATH), disk.openHandles], [true, HEADER + OLD + ROWS, 0]);
  });

  it("releases the lock", () => {
    const { disk, write } = appended();
    write(ROWS);
    const handle = disk.open(PATH);
    assertEquals(handle.tryLock?.(), true);
    handle.close();
  });

  it("creates the directory again if it is gone", () => {
    const { disk, write } = appended();
    disk.removeTree("/_monitoring");
    write(ROWS);
    assertEquals(disk.text(PATH), HEADER + ROWS);
  });

  it("writes whole rows, however few bytes the disk takes at a time", () => {
    const { disk, write } = appended();
    disk.writeLimit = 1;
    write(OLD);
    write(ROWS);
    assertEquals(disk.text(PATH), HEADER + OLD + ROWS);
  });
});

describe("AppendFile, whose file is closed to it", () => {
  for (const code of ["EACCES", "EPERM"]) {
    it(`says so where the file belongs to another user: ${code}`, () => {
      const { disk, write } = appended(HEADER + OLD);
      failAll(disk, code, "open");
      const error = assertThrows(() => write(ROWS), FileClosed);
      assertEquals([error.path, error.code, disk.openHandles], [PATH, code, 0]);
      repair(disk);
      assertEquals([write(ROWS), disk.text(PATH)], [true, HEADER + OLD + ROWS]);
    });
  }

  it("says so where the file is as large as files may be, and takes back what was written", () => {
    const { disk, write } = appended(HEADER + OLD);
    disk.writeLimit = 5;
    let writes = 0;
    disk.before = (operation) => {
      if (operation === "write" && ++writes > 1) throw new FileError("EFBIG", "file too large");
    };
    assertThrows(() => write(ROWS), FileClosed, "file too large");
    assertEquals(disk.text(PATH), HEADER + OLD);
  });

  it("throws another error where no file may be created", () => {
    const { disk, write } = appended();
    failAll(disk, "EACCES", "create");
    const error = assertThrows(() => write(ROWS), FileError);
    assertEquals(error instanceof FileClosed, false);
  });
});

describe("AppendFile, whose file is taken away", () => {
  const moments: DiskOperation[] = ["status", "open", "lock"];
  for (const moment of moments) {
    it(`before a write (${moment}), creates a new one`, () => {
      for (const take of ["removed", "moved", "replaced"]) {
        const { disk, write } = appended(HEADER + OLD);
        meanwhile(disk, moment, () => {
          if (take === "removed") disk.removeTree(PATH);
          else disk.move(PATH, "/archive.csv");
          if (take === "replaced") disk.plant(PATH, "file", HEADER + OLD);
        });
        assertEquals(write(ROWS), true, take);
        assertEquals(disk.text(PATH), HEADER + (take === "replaced" ? OLD : "") + ROWS, take);
        assertEquals([take === "removed" || disk.text("/archive.csv"), disk.openHandles], [
          take === "removed" || HEADER + OLD,
          0,
        ]);
      }
    });
  }

  it("by removal during a write, writes the rows to a new one", () => {
    const { disk, write } = appended(HEADER + OLD);
    meanwhile(disk, "write", () => disk.removeTree(PATH));
    assertEquals([write(ROWS), disk.text(PATH), disk.openHandles], [true, HEADER + ROWS, 0]);
  });

  it("by a move during a write, has the rows in the moved one", () => {
    const { disk, write } = appended(HEADER + OLD);
    meanwhile(disk, "write", () => disk.move(PATH, "/archive.csv"));
    assertEquals([write(ROWS), disk.text("/archive.csv")], [true, HEADER + OLD + ROWS]);
    assertEquals(disk.status(PATH), undefined);
  });

  it("and created by another program at the same moment, uses that", () => {
    const { disk, write } = appended();
    meanwhile(disk, "create", () => disk.plant(PATH, "file", HEADER + OLD));
    assertEquals([write(ROWS), disk.text(PATH)], [true, HEADER + OLD + ROWS]);
  });

  it("again and again, gives up", () => {
    const { disk, write } = appended();
    disk.before = (operation) => {
      if (operation === "lock") disk.plant(PATH, "file");
    };
    assertEquals(assertThrows(() => write(ROWS), FileError).code, "ESTALE");
    assertEquals(disk.openHandles, 0);
  });
});

describe("AppendFile, where something else has its name", () => {
  for (const kind of ["symlink", "directory", "other"] as const) {
    it(`does not write to it: ${kind}`, () => {
      const { disk, write } = appended();
      disk.plant("/home/victim", "file", "precious");
      disk.plant(PATH, kind, "/home/victim");
      assertEquals(assertThrows(() => write(ROWS), FileError).code, "EFTYPE");
      assertEquals([disk.text("/home/victim"), disk.status(PATH)?.kind, disk.openHandles], ["precious", kind, 0]);
    });
  }

  it("does not write to a link that takes the place of the file at the last moment", () => {
    const { disk, write } = appended(HEADER + OLD);
    disk.plant("/home/victim", "file", "precious");
    meanwhile(disk, "open", () => disk.plant(PATH, "symlink", "/home/victim"));
    assertThrows(() => write(ROWS), FileError);
    assertEquals([disk.text("/home/victim"), disk.openHandles], ["precious", 0]);
  });
});

describe("AppendFile, with a row that a killed writer left torn", () => {
  it("cuts off the torn row, and nothing else", () => {
    for (const torn of ["2", "2,2,", '2,2,"a', '2,2,"a\r\n', '2,2,"a\r\n"', "2,2,a,1", "2,2,a,1\r"]) {
      const { disk, write } = appended(HEADER + OLD + torn);
      write(ROWS);
      assertEquals(disk.text(PATH), HEADER + OLD + ROWS, JSON.stringify(torn));
    }
  });

  it("writes the header again if that is torn", () => {
    const { disk, write } = appended(HEADER.slice(0, -1));
    write(ROWS);
    assertEquals(disk.text(PATH), HEADER + ROWS);
  });

  it("cuts nothing off a file of another program, or to which an editor gave other line ends", () => {
    for (
      const content of [
        (HEADER + OLD).replaceAll("\r\n", "\n"),
        "a,b\n1,2\n",
        "a,b\r\n1,2",
        "precious",
      ]
    ) {
      const { disk, write } = appended(content);
      try {
        write(ROWS);
      } catch (error) {
        if (!(error instanceof FileError)) throw error;
      }
      assertEquals(disk.text(PATH).slice(0, content.length), content);
    }
  });
});

describe("AppendFile, whose write fails", () => {
  for (const [name, content] of [["a new file", ""], ["a file with rows", HEADER + OLD]] as const) {
    it(`leaves ${name} as it was`, () => {
      for (let room = 0; room < HEADER.length + ROWS.length; room++) {
        const { disk, journal, write } = appended(content);
        disk.capacity = content.length + room;
        if (content !== "" && room >= ROWS.length) break;
        assertEquals(assertThrows(() => write(ROWS), FileError).code, "ENOSPC");
        assertEquals([disk.text(PATH), disk.openHandles], [content, 0]);
        assertEquals([journal.published, journal.step.kind], [0, "none"]);
        disk.capacity = Infinity;
        write(ROWS);
        assertEquals(disk.text(PATH), (content || HEADER) + ROWS);
      }
    });
  }

  it("releases the lock and closes the file", () => {
    for (const kind of ["status", "create", "open", "lock", "fstat", "seek", "read", "write", "truncate"] as const) {
      const { disk, journal, write } = appended(`${HEADER}${OLD}torn`);
      const faults = failAll(disk, "EIO", kind);
      if (kind === "create") disk.removeTree(PATH);
      assertEquals(assertThrows(() => write(ROWS), FileError).code, "EIO");
      assertEquals([faults.count > 0, disk.openHandles], [true, 0], kind);
      assertEquals([journal.published, journal.step.kind], [0, "none"], kind);
      repair(disk);
      write(ROWS);
      assertEquals(disk.text(PATH), HEADER + (kind === "create" ? "" : OLD) + ROWS, kind);
    }
  });

  it("counts rows that it cannot remove again as published", () => {
    for (const [limit, stayed] of [[0, 0], [5, 0], [OLD.length, 1], [OLD.length + 5, 1]] as const) {
      const { disk, file, journal } = appended(HEADER);
      let written = false;
      disk.writeLimit = limit || Infinity;
      disk.before = (operation) => {
        if (operation === "truncate") throw new FileError("EIO", "EIO");
        if (operation !== "write") return;
        if (written || limit === 0) throw new FileError("EIO", "EIO");
        written = true;
      };
      assertThrows(() => file.write(bytes(OLD + ROWS), 3), FileError);
      file.abort();
      assertEquals([journal.published, journal.step.kind, disk.openHandles], [stayed, "none", 0]);
      assertEquals(disk.text(PATH), (HEADER + OLD + ROWS).slice(0, HEADER.length + limit));
    }
  });

  it("writes to the journal where the rows go before it writes them", () => {
    const { disk, journal, write } = appended(`${HEADER}${OLD}torn`);
    const identity = disk.status(PATH)?.identity;
    const steps: unknown[] = [];
    disk.before = (operation) => {
      if (operation === "write") steps.push(journal.step);
    };
    write(ROWS);
    assertEquals(steps, [{ kind: "appending", identity, offset: HEADER.length + OLD.length, next: 2 }]);
  });

  it("with `syncs`, syncs the file and its directory before rows count as published", () => {
    const disk = new MemoryDisk();
    const directory = MonitoringDirectory.create(disk, "/_monitoring", { syncs: true });
    const journal = new FlushJournal(openSegment(1024));
    const file = new AppendFile(directory, { owner: OWNER_OF_X, sequence: 1 }, journal);
    const steps: unknown[] = [];
    disk.before = (operation, path) => {
      if (operation.startsWith("sync")) steps.push([operation, path, disk.text(PATH), journal.published]);
    };
    file.write(bytes(OLD), 1);
    assertEquals(steps, [["sync", PATH, HEADER + OLD, 0], ["syncDirectory", "/_monitoring", HEADER + OLD, 0]]);
    assertEquals(journal.published, 1);
    for (const kind of ["sync", "syncDirectory"] as const) {
      failAll(disk, "EIO", kind);
      assertThrows(() => file.write(bytes(ROWS), 3), FileError);
      repair(disk);
      assertEquals([journal.published, journal.step.kind, disk.text(PATH)], [1, "none", HEADER + OLD], kind);
    }
  });
});

"""A server under callgrind, which counts the instructions of work that clients cause."""

import re
import subprocess
import sys
import threading
import time
from pathlib import Path

RUNS = 3


class Server:
    def __init__(self, program, folder, *options):
        self.folder = folder
        self.out = folder / "callgrind"
        command = ["valgrind", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={self.out}"]
        # The comparison of stored data belongs to no request.
        command += [program, "dev", "--disk-scrub-mib-per-minute", "0"]
        command += ["--listen", "127.0.0.1:0", "--data", str(folder / "data"), *options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.host = None
        for line in self.process.stdout:
            ready = re.search(r"landfall ready \S+//(\S+)", line)
            if ready:
                self.host = ready.group(1)
                break
        if self.host is None:
            sys.exit("the server does not start")
        threading.Thread(target=self.process.stdout.read, daemon=True).start()
        self.dumps = 0

    def control(self, *arguments):
        subprocess.run(["callgrind_control", *arguments, str(self.process.pid)], check=True, capture_output=True)

    def count(self, work, times):
        """The instructions of one of `times` units of work."""
        self.control("--zero")
        self.control("--instr=on")
        work(times)
        # What is done after an answer belongs to it.
        time.sleep(0.2)
        self.control("--instr=off")
        self.control("--dump")
        self.dumps += 1
        totals = re.search(r"^totals: (\d+)", Path(f"{self.out}.{self.dumps}").read_text(), re.M)
        return int(totals.group(1)) // times

    def stop(self):
        self.process.terminate()
        self.process.wait(60)

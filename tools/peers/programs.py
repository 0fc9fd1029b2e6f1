"""The programs that are compared: their command lines, and the tokens/s in what they print."""

import json
import os
import re
import statistics
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Work:
    """What is timed: a prompt ("prefill") or tokens one after another ("decode"), of every sequence of a batch."""

    kind: str
    tokens: int
    batch: int = 1
    depth: int = 0  # tokens of each sequence that are in the cache before


class ProgramError(Exception):
    """A program that failed, or printed something else than expected."""


class Program:
    """A program in a folder, and how it is called with a model."""

    name = ""
    executable = ""

    def __init__(self, folder: Path, threads: int, repetitions: int = 1):
        self.folder, self.threads, self.repetitions = folder, threads, repetitions
        self.version: dict = {}

    def measure(self, model: Path, works: list[Work], scratch: Path) -> dict[Work, float]:
        """Tokens/s of each work, of all sequences together."""
        raise NotImplementedError

    def call(self, executable: str, arguments: list, scratch: Path) -> tuple[str, str]:
        """Standard output and standard error. The folder is for logs, which some write where they are started."""
        path = find(self.folder, executable)
        if path is None:
            raise ProgramError(f"{self.folder}: no {executable}")
        try:
            result = subprocess.run(
                [str(path), *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8",
                errors="replace", cwd=scratch, env={**os.environ, "OMP_NUM_THREADS": str(self.threads)})
        except OSError as error:
            raise ProgramError(str(error)) from error
        if result.returncode:
            lines = (result.stderr + result.stdout).strip().splitlines()[-6:]
            raise ProgramError("\n    ".join([f"{executable} ended with {result.returncode}:", *lines]))
        return result.stdout, result.stderr


def find(folder: Path, executable: str) -> Path | None:
    """Where a program is in a checkout, a build folder or a folder of programs."""
    candidates = (folder / place / executable for place in ("", "bin", "build/bin", ".build/release"))
    return next((path for path in candidates if path.is_file() and os.access(path, os.X_OK)), None)


def parsed(text: str, program: str):
    try:
        return json.loads(text)
    except ValueError as error:
        raise ProgramError(f"{program} printed no JSON: {text[:200]!r}") from error


class SwiftLlama(Program):
    """llama-bench of this package."""

    name = "swift-llama"
    executable = "llama-bench"

    def measure(self, model, works, scratch):
        prompts = [work.tokens for work in works if work.kind == "prefill"]
        decoded = [work for work in works if work.kind == "decode"]
        out, _ = self.call(self.executable, [
            "--checkpoints", model, "-p", prompts[0] if prompts else 0, "-n", decoded[0].tokens,
            "-d", decoded[0].depth, "--batch", decoded[0].batch, "--threads", self.threads,
            "--repetitions", self.repetitions, "--json"], scratch)
        report = parsed(out, self.executable)
        self.version = report.get("machine", {})
        return {Work(each["kind"], each["tokens"], each["batch"], each["depth"]): each["tokens_per_second"]["median"]
                for each in report["results"]}


class LlamaCpp(Program):
    """llama.cpp's llama-bench and llama-batched-bench."""

    name = "llama.cpp"
    executable = "llama-bench"
    flags: list[str] = []          # of llama-bench
    batched_flags: list[str] = []  # of the programs with common options

    def __init__(self, folder, threads, repetitions=1, flash: bool | None = None):
        super().__init__(folder, threads, repetitions)
        self.flash = flash
        if flash is not None:
            self.name += ", flash attention" if flash else ", no flash attention"

    def measure(self, model, works, scratch):
        if any(work.batch > 1 for work in works):
            return self.batched(model, works[0], scratch)
        if works[0].depth:
            return self.deep(model, works, scratch)
        return self.bench(model, works, [], scratch)

    def bench(self, model, works, arguments, scratch):
        tokens = {work.kind: work.tokens for work in works}
        flash = [] if self.flash is None else ["-fa", int(self.flash)]
        out, _ = self.call(self.executable, [
            "-m", model, "-t", self.threads, "-p", tokens.get("prefill", 0), "-n", tokens.get("decode", 0),
            "-r", self.repetitions, "-o", "json", *flash, *self.flags, *arguments], scratch)
        results = {}
        for each in parsed(out, self.executable):
            self.version = {key: each.get(key) for key in ("build_commit", "build_number", "cpu_info")}
            work = Work("decode", each["n_gen"]) if each["n_gen"] else Work("prefill", each["n_prompt"])
            results[Work(work.kind, work.tokens, 1, each.get("n_depth", 0))] = statistics.median(each["samples_ts"])
        return results

    def deep(self, model, works, scratch):
        return self.bench(model, works, ["-d", works[0].depth], scratch)

    def batched(self, model, work, scratch):
        """The prompts of all sequences, then their tokens; only these are counted.

        llama.cpp prints from another thread and may exit before the last lines are out: hence a second row, of one
        sequence, which is ignored.
        """
        out, log = self.call("llama-batched-bench", [
            "-m", model, "-t", self.threads, "-tb", self.threads, "-c", work.batch * (work.depth + work.tokens),
            "-b", 2048, "-ub", 512, "-npp", work.depth, "-ntg", work.tokens, "-npl", f"{work.batch},1",
            "--output-format", "jsonl", *self.batched_flags], scratch)
        return {work: batch_rate(out + "\n" + log, work.batch)}


class IkLlamaCpp(LlamaCpp):
    """ik_llama.cpp, whose llama-bench has no depth: llama-sweep-bench measures that."""

    name = "ik_llama.cpp"

    def deep(self, model, works, scratch):
        """Reads a prompt in pieces of the measured size, and measures at the first and at the wanted depth."""
        tokens = {work.kind: work.tokens for work in works}
        prompt, depth = tokens["prefill"], works[0].depth
        out, log = self.call("llama-sweep-bench", [
            "-m", model, "-t", self.threads, "-tb", self.threads, "-c", depth + max(tokens.values()), "-b", 2048,
            "-ub", prompt, "-n", tokens["decode"], "--sweep-stride", depth // prompt, "--output-format", "jsonl",
            "-fa", int(self.flash is not False), *self.batched_flags], scratch)
        rows = [row for row in json_lines(out + "\n" + log) if row.get("n_kv") == depth]
        if not rows:
            raise ProgramError(f"llama-sweep-bench printed nothing for {depth} tokens")
        return {work: rows[0]["speed_pp" if work.kind == "prefill" else "speed_tg"] for work in works}


class Repacked(IkLlamaCpp):
    """ik_llama.cpp with weights interleaved at load."""

    name = "ik_llama.cpp, repacked"
    flags = ["-rtr", "1"]
    batched_flags = ["-rtr"]


def json_lines(text: str) -> list[dict]:
    """The objects among the lines of a log."""
    rows = []
    for line in text.splitlines():
        if line.startswith("{"):
            try:
                rows.append(json.loads(line))
            except ValueError:
                pass
    return rows


def batch_rate(text: str, batch: int) -> float:
    """Tokens/s of decoding in a row of llama-batched-bench: of JSON, or of the table that older versions print."""
    for row in json_lines(text):
        if row.get("pl") == batch:
            return float(row["speed_tg"])
    table = [[cell.strip() for cell in line.strip().strip("|").split("|")]
             for line in text.splitlines() if line.strip().startswith("|")]
    head = next((row for row in table if "S_TG t/s" in row), [])
    for row in table:
        if len(row) == len(head) and row[head.index("B")] == str(batch):
            return float(row[head.index("S_TG t/s")])
    raise ProgramError(f"llama-batched-bench printed no row of {batch} sequences")


# MARK: The story model

STORY = "Once upon a time"


class Llama2c(Program):
    """llama2.c's `run`, which generates greedily with one thread."""

    name = "llama2.c"
    executable = "run"

    def __init__(self, folder, tokenizer: Path):
        super().__init__(folder, threads=1)
        self.tokenizer = tokenizer

    def measure(self, model, works, scratch):
        _, log = self.call(self.executable, [
            model, "-z", self.tokenizer, "-t", 0, "-n", works[0].tokens, "-i", STORY], scratch)
        return {works[0]: printed(r"achieved tok/s: ([\d.]+)", log, self.executable)}


class SwiftStory(Llama2c):
    """llama-run of this package with the same prompt, printing the text too."""

    name = "swift-llama"
    executable = "llama-run"

    def measure(self, model, works, scratch):
        _, log = self.call(self.executable, [
            "--checkpoints", model, "--tokenizer", self.tokenizer, "--prompt", STORY, "--temperature", 0,
            "--max-gen-len", works[0].tokens, "--threads", 1, "--verbose"], scratch)
        return {works[0]: printed(r"generated \d+ tokens \(([\d.]+) tokens/s\)", log, self.executable)}


def printed(pattern: str, text: str, program: str) -> float:
    match = re.search(pattern, text)
    if match is None:
        raise ProgramError(f"{program} printed no tokens/s")
    return float(match[1])

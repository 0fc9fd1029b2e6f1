"""Outcomes, and the programs that are checked."""

import os
import subprocess
from pathlib import Path


class Report:
    """Collects what was checked, prints it line by line and counts the failures."""

    def __init__(self):
        self.counts = {"ok": 0, "FAILED": 0}

    def add(self, outcome: str, subject: str, check: str, figure: str):
        self.counts[outcome] += 1
        print(f"{outcome:8}{subject:38}{check:44}{figure}", flush=True)

    def check(self, subject: str, name: str, body):
        """Runs a check, which returns its figure; whatever it or a library throws is a failure."""
        try:
            self.add("ok", subject, name, str(body()))
        except Exception as error:
            self.add("FAILED", subject, name, f"{type(error).__name__}: {str(error)[:1500]}")

    def near(self, got, expected, limit: float) -> str:
        """The largest difference relative to the largest value expected; throws where it is over the limit."""
        difference = float((got - expected).abs().max() / expected.abs().max())
        if not difference <= limit:
            raise ValueError(f"differs by {difference:.3g} of the largest, more than {limit}")
        return f"{difference:.2e} (limit {limit:g})"


class Programs:
    """The release builds of this package's programs."""

    def __init__(self, folder: Path):
        self.folder = folder

    def call(self, name: str, *arguments, text: str | None = None, codes=(0,)) -> str:
        """Runs a program and returns its output; throws what it says where it ends with another exit code."""
        result = subprocess.run([str(self.folder / name), *map(str, arguments)], input=text, capture_output=True,
                                encoding="utf-8", timeout=600, env={**os.environ, "LLAMA_LOG": "error"})
        if result.returncode not in codes:
            raise RuntimeError(f"{name} ended with {result.returncode}: {(result.stderr or result.stdout).strip()}")
        return result.stdout

    def convert(self, source, target, format: str, *options):
        """Converts, reading the output back."""
        self.call("llama-convert", source, target, "--to", format, "--verify", "--quiet", *options)

    def diff(self, first, second) -> str:
        """That two checkpoints are one model, or an error."""
        self.call("llama-convert", "diff", first, second)
        return "same"

    def greedy(self, checkpoint, ids: list[int], count: int) -> list[int]:
        """The likeliest continuation by llama-run."""
        import json
        import tempfile
        with tempfile.TemporaryDirectory() as folder:
            prompts, output = Path(folder) / "prompts.jsonl", Path(folder) / "output.jsonl"
            prompts.write_text(json.dumps({"prompt_ids": ids}) + "\n")
            self.call("llama-run", "--checkpoints", checkpoint, "--prompts", prompts, "--output", output,
                      "--temperature", "0", "--max-gen-len", count, "--quiet")
            records = [json.loads(line) for line in output.read_text().splitlines()]
        return [record for record in records if "completion_ids" in record][0]["completion_ids"]

"""How quickly the console answers over millions of rows, by which plans: `python -m tests.bench console`."""

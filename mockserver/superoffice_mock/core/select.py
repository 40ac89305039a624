"""The `$select` option: parsed and recorded, never an error, no effect on a 204."""


def parse(text: str) -> tuple[str, ...]:
    """Return the selected paths, such as `name` and `category/id`, blanks trimmed.

    Empty names fall away. Any text is legal (claim select-never-an-error).
    """
    paths = ("/".join(_trimmed(path, "/")) for path in text.split(","))
    return tuple(path for path in paths if path)


def _trimmed(text: str, separator: str) -> list[str]:
    return [name for part in text.split(separator) if (name := part.strip())]

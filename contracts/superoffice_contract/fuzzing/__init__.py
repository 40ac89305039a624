"""Generated requests: Schemathesis, its hooks, serializers and custom checks."""

"""The HTTP server below the application: uvicorn, limits, connections."""

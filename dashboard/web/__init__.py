"""What the server answers to the browser and to clients of the API."""

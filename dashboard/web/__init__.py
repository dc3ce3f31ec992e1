"""What the server answers to the browser and to the API's readers."""

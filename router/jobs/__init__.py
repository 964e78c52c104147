"""What a job other than completion is asked: what the request is about, laid out by its file in prompts/."""

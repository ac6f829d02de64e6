"""Pre-training the course's own BERT: text, vocabulary, batches, the net, the run, what comes out."""

"""Who does the work: roster, router, conductor, graph, models, rehearsal. All of Strands and boto3 lives here."""

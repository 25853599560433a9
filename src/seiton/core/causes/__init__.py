"""What an edit is the cause of: recorded, shown before it is saved, held back, confirmed, undone."""

"""What the product is made of: pins, bills of materials, known weaknesses, licences."""

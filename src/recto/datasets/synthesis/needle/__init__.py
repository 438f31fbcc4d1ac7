"""Documents that are hard to read: receipts and simple invoices in English, most of them printed by needles.

`stream` makes Examples; `vendors` says who issues a document and in which style, `receipts` and `invoices`
what stands on it, `sheet` and `typefaces` print it, `weathering` makes it look used.
"""

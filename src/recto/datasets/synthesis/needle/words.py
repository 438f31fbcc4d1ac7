"""Word lists of the synthetic documents: names, streets, goods. Every name is made up."""

FAMILY_NAMES = (
    "Abbot", "Barlow", "Castell", "Dunmore", "Ellery", "Fenwick", "Garland", "Hartley", "Ingram", "Jessop",
    "Kendrick", "Lomax", "Merton", "Norwood", "Okafor", "Penrose", "Quimby", "Rahman", "Sellwood", "Tamsin",
    "Underhill", "Vasquez", "Whitlock", "Yeoman", "Zeller", "Brightwater", "Oldfield", "Stonebridge",
)  # fmt: skip

TRADES = (
    "Hardware", "Bakery", "Grocers", "Pharmacy", "Stationers", "Coffee House", "Book Shop", "Garden Centre",
    "Electrical", "Mini Market", "Kitchen", "Cycles", "Paint & Tools", "Deli", "Noodle Bar", "Toy Store",
)  # fmt: skip

LEGAL_FORMS = ("Ltd", "LLC", "Inc.", "Co.", "& Sons", "Sdn Bhd", "PLC", "Trading", "Enterprise", "")

STREETS = (
    "High Street", "Mill Lane", "Station Road", "Harbour View",
    "King's Parade", "Market Square", "Elm Avenue",
    "Old Quay", "Victoria Road", "Cedar Crescent", "Jalan Harmoni",
    "Foundry Walk", "Bridge Street", "Lorong Dua",
)  # fmt: skip

TOWNS = (
    "Ashford", "Northwick", "Port Elgin", "Redmarsh", "Wexcombe",
    "Kirkby", "Southmoor", "Bayview", "Lindale",
    "Taman Desa", "Johor Bahru", "Eastleigh", "Marlow Hill", "Granton", "Whitby Cross", "Fort Dalby",
)  # fmt: skip

GOODS = (
    "Steel Bracket 40mm", "AA Batteries 4pk", "Sourdough Loaf", "Whole Milk 2L",
    "Cheddar 350g", "A4 Paper Ream",
    "Ballpoint Pen Blue", "Flat White", "Chicken Wrap", "Iced Lemon Tea",
    "Paracetamol 500mg", "Hand Soap 250ml",
    "Wood Screws 4x50", "Masking Tape", "LED Bulb 9W E27", "Extension Lead 3m",
    "Potting Soil 20L", "Tomato Seeds",
    "Notebook Ruled", "Brown Rice 1kg", "Olive Oil 500ml", "Espresso Beans",
    "Dish Cloth x3", "Paint Roller 9in",
    "Inner Tube 700c", "Chain Lube", "Puzzle 1000 pcs", "Fried Noodles", "Vegetable Curry", "Mineral Water",
    "Zip Bags Large", "Garden Gloves M", "USB-C Cable 1m", "Ink Cartridge 304",
    "Bin Liners 30", "Oat Biscuits",
    "Drill Bit 6.5mm", "Sandpaper P120", "Vitamin C 60s", "Greeting Card",
)  # fmt: skip

SERVICES = (
    "Site survey and report", "Monthly maintenance", "On-site repair, per hour", "Software licence, annual",
    "Delivery and installation", "Training day, up to 8 people", "Printing, double sided",
    "Consulting, senior",
    "Storage, per pallet", "Translation, per 1,000 words", "Calibration of scales", "Safety inspection",
)  # fmt: skip

CLOSINGS = (
    "Thank you for shopping with us", "Goods sold are not returnable", "Please keep this receipt",
    "Exchange within 14 days with receipt", "See you again soon!", "Prices include tax where shown",
    "Customer care: call us 9am-5pm", "*** THANK YOU ***", "Tell us how we did", "No cash refund",
)  # fmt: skip

CASHIERS = ("Amy", "Bilal", "Chen", "Dora", "Emil", "Farah", "Gus", "Hana", "Ivo", "Joan")

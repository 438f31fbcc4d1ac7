"""German: words of contracts and tax forms. Every name is made up."""

from recto.datasets.synthesis.languages.language import Clause, ContractWords, Deal, FormWords

CONTRACT = ContractWords(
    deals=(
        Deal(
            "Dienstleistungsvertrag",
            ("der Auftragnehmer", "Auftragnehmer"),
            ("der Auftraggeber", "Auftraggeber"),
            "die Planung, den Einbau und die Wartung der in Anlage 1 aufgeführten Geräte",
        ),
        Deal(
            "Liefervertrag",
            ("der Lieferant", "Lieferant"),
            ("der Besteller", "Besteller"),
            "die fortlaufende Lieferung der in Anlage 1 genannten Waren frei Haus",
        ),
        Deal(
            "Geheimhaltungsvereinbarung",
            ("der Geber", "Geber"),
            ("der Empfänger", "Empfänger"),
            "den Schutz der Kenntnisse, die während der Gespräche ausgetauscht werden",
        ),
        Deal(
            "Mietvertrag über Geschäftsräume",
            ("der Vermieter", "Vermieter"),
            ("der Mieter", "Mieter"),
            "die Überlassung der Räume im Erdgeschoss einschließlich zweier Stellplätze",
        ),
    ),
    parties="zwischen {first} (nachfolgend „{first_role}“) und {second} (nachfolgend „{second_role}“).",
    dated=(
        "Dieser Vertrag ({title}) wird mit Wirkung zum {date} geschlossen",
        "Mit Wirkung vom {date} wird Folgendes vereinbart ({title})",
    ),
    recital="Die Parteien wollen ihre Zusammenarbeit regeln und vereinbaren daher Folgendes:",
    subject=Clause(
        "Gegenstand",
        "Dieser Vertrag regelt {subject}. Die Anlagen sind Bestandteil des Vertrages; bei "
        "Widersprüchen gehen die nachstehenden Bestimmungen vor.",
    ),
    term=Clause(
        "Laufzeit",
        "Der Vertrag beginnt am {date} und läuft {term}. Er verlängert sich um jeweils ein Jahr, "
        "wenn er nicht {days} Tage vor Ablauf schriftlich gekündigt wird.",
    ),
    law=Clause(
        "Anwendbares Recht, Gerichtsstand",
        "Es gilt das Recht der Bundesrepublik Deutschland. "
        "Ausschließlicher Gerichtsstand für alle Streitigkeiten ist {place}.",
    ),
    clauses=(
        Clause(
            "Vergütung",
            "{B} zahlt vierteljährlich {amount} zuzüglich der gesetzlichen Umsatzsteuer innerhalb von "
            "{days} Tagen nach Rechnungseingang. Verzugszinsen betragen {percent} % über dem Basiszins.",
        ),
        Clause(
            "Vertraulichkeit",
            "Beide Parteien behandeln Geschäftsgeheimnisse der jeweils anderen Partei "
            "vertraulich. Diese Pflicht besteht {years} Jahre über das Vertragsende hinaus fort.",
        ),
        Clause(
            "Haftung",
            "Für Vorsatz und grobe Fahrlässigkeit wird unbeschränkt gehaftet. Im Übrigen ist die Haftung "
            "auf {amount} je Kalenderjahr begrenzt, soweit gesetzlich zulässig.",
        ),
        Clause(
            "Außerordentliche Kündigung",
            "Jede Partei kann fristlos kündigen, wenn eine wesentliche Pflicht "
            "verletzt und der Mangel trotz Aufforderung nicht binnen {days} Tagen behoben wird.",
        ),
        Clause(
            "Mitteilungen",
            "Mitteilungen bedürfen der Textform und gelten am zweiten Werktag nach Aufgabe zur Post "
            "als zugegangen. Eine E-Mail genügt, wenn ihr Empfang bestätigt wurde.",
        ),
        Clause(
            "Höhere Gewalt",
            "Solange Hochwasser, Feuer, Streik oder behördliche Maßnahmen die Erfüllung hindern, "
            "ruhen die Pflichten. Nach {days} Tagen ist jede Partei zum Rücktritt berechtigt.",
        ),
        Clause(
            "Abtretung",
            "{A} darf Rechte aus diesem Vertrag nur mit vorheriger schriftlicher Zustimmung abtreten; "
            "die Zustimmung darf nicht ohne wichtigen Grund verweigert werden.",
        ),
        Clause(
            "Datenschutz",
            "Personenbezogene Daten werden nur verarbeitet, soweit es die Erfüllung erfordert. {A} "
            "führt ein Verzeichnis und meldet jede Verletzung binnen 48 Stunden.",
        ),
        Clause(
            "Versicherung",
            "{A} unterhält eine Betriebshaftpflichtversicherung über mindestens {amount} je "
            "Schadensfall und weist sie auf Verlangen nach, spätestens zum 31. Januar.",
        ),
        Clause(
            "Schriftform",
            "Nebenabreden bestehen nicht. Änderungen und Ergänzungen bedürfen der Schriftform; dies "
            "gilt auch für den Verzicht auf dieses Erfordernis.",
        ),
        Clause(
            "Salvatorische Klausel",
            "Sollte eine Bestimmung unwirksam sein oder werden, bleiben die übrigen gültig. "
            "An ihre Stelle tritt eine Regelung, die dem Zweck möglichst nahekommt.",
        ),
        Clause(
            "Abnahme",
            "{B} prüft die Leistung innerhalb von {days} Tagen. Mängel werden in einem Protokoll "
            "aufgeführt, das beide Parteien unterzeichnen.",
        ),
    ),
    terms=("zwei Jahre", "36 Monate", "ein Jahr", "fünf Jahre", "18 Monate"),
    places=("Würzburg", "Köln", "Düsseldorf", "Halle (Saale)", "Mönchengladbach"),
    signed="Dieser Vertrag wurde in zwei Ausfertigungen unterzeichnet; jede Partei erhält eine davon.",
)

FORM = FormWords(
    authorities=("Finanzamt Mühlfeld", "Finanzamt Überlingen-Süd", "Landesamt für Steuern"),
    titles=(
        ("ESt 4 B", "Einkommensteuererklärung"),
        ("LSt 12", "Jahresbescheinigung über Lohn und Steuer"),
        ("Anlage GZ", "Einkünfte aus selbständiger Tätigkeit"),
    ),
    sections=("A. Allgemeine Angaben", "B. Einkünfte", "C. Abzüge", "D. Berechnung"),
    income=(
        "Bruttoarbeitslohn",
        "Zinsen aus Sparguthaben",
        "Dividenden und Gewinnanteile",
        "Vermietung und Verpachtung",
        "Gewinn aus Gewerbebetrieb",
        "Renten und Pensionen",
        "Private Veräußerungsgeschäfte",
        "Übrige Einkünfte (bitte erläutern)",
    ),
    deductions=(
        "Fahrten zur Arbeitsstätte",
        "Spenden und Mitgliedsbeiträge",
        "Kinderbetreuungskosten",
        "Beiträge zur Altersvorsorge",
        "Arbeitsmittel und Fortbildung",
        "Außergewöhnliche Belastungen",
        "Häusliches Arbeitszimmer",
    ),
    results=(
        "Summe der Einkünfte",
        "Summe der Abzüge",
        "Zu versteuern (Zeile {i} abzüglich Zeile {d})",
        "Festgesetzte Steuer",
        "Bereits entrichtet",
        "Nachzahlung",
        "Erstattung",
    ),
    occupations=(
        "Tischlerin",
        "Lehrer",
        "Krankenpfleger",
        "Vermessungstechnikerin",
        "Kraftfahrer",
        "Buchhalterin",
    ),
    notes=(
        "Bitte in Druckbuchstaben ausfüllen; nicht heften.",
        "Beträge in Euro und Cent angeben.",
        "Zutreffendes bitte ankreuzen. Belege beifügen.",
    ),
    declaration="Ich versichere, dass ich die Angaben in diesem Vordruck wahrheitsgemäß und nach bestem "
    "Wissen gemacht habe. Mir ist bekannt, dass unrichtige Angaben strafbar sein können.",
    notice=(
        "Sehr geehrte Damen und Herren,",
        "für das Jahr {year} wird die Steuer wie folgt festgesetzt. Die "
        "Festsetzung entspricht in allen Punkten Ihrer Erklärung.",
        "Gegen diesen Bescheid können Sie innerhalb von "
        "{days} Tagen Einspruch einlegen. Die Zahlungspflicht wird dadurch nicht aufgeschoben.",
    ),
)

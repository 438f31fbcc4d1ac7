"""French: words of contracts and tax forms. Every name is made up."""

from recto.datasets.synthesis.languages.language import Clause, ContractWords, Deal, FormWords

CONTRACT = ContractWords(
    deals=(
        Deal(
            "Contrat de prestation de services",
            ("le Prestataire", "Prestataire"),
            ("le Client", "Client"),
            "la conception, l'installation et l'entretien des équipements énumérés à l'annexe 1",
        ),
        Deal(
            "Contrat de fourniture",
            ("le Fournisseur", "Fournisseur"),
            ("le Client", "Client"),
            "la fourniture régulière des marchandises désignées à l'annexe 1, franco de port",
        ),
        Deal(
            "Accord de confidentialité",
            ("le Divulgateur", "Divulgateur"),
            ("le Bénéficiaire", "Bénéficiaire"),
            "la protection des informations échangées au cours des négociations",
        ),
        Deal(
            "Contrat de location",
            ("le Bailleur", "Bailleur"),
            ("le Locataire", "Locataire"),
            "la mise à disposition du matériel décrit à l'annexe 1, à l'état neuf",
        ),
    ),
    parties="entre {first} (ci-après « {first_role} ») et {second} (ci-après « {second_role} »).",
    dated=(
        "Le présent acte ({title}) prend effet le {date} et il est conclu",
        "À compter du {date} est conclu le présent {title}",
    ),
    recital="Les parties souhaitent définir leur coopération et conviennent de ce qui suit :",
    subject=Clause(
        "Objet",
        "Le présent contrat régit {subject}. Les annexes en font partie intégrante ; en cas de "
        "contradiction, les articles ci-dessous prévalent.",
    ),
    term=Clause(
        "Durée",
        "Le contrat entre en vigueur le {date} pour une durée de {term}. Il est reconduit d'année en "
        "année, sauf préavis écrit donné {days} jours avant son terme.",
    ),
    law=Clause(
        "Droit applicable et juridiction",
        "Le présent contrat est soumis au droit français. Tout litige relève "
        "de la compétence exclusive des tribunaux de {place}.",
    ),
    clauses=(
        Clause(
            "Prix et paiement",
            "{B} verse {amount} par trimestre dans les {days} jours suivant la réception de la "
            "facture. Tout retard entraîne des intérêts au taux de {percent} % l'an.",
        ),
        Clause(
            "Confidentialité",
            "Chaque partie s'engage à ne rien révéler des affaires, clients ou méthodes de "
            "l'autre. Cette obligation demeure pendant {years} ans après la fin du contrat.",
        ),
        Clause(
            "Responsabilité",
            "Chaque partie répond de sa faute lourde ou intentionnelle. Dans tous les autres cas, "
            "la responsabilité est limitée à {amount} par année civile.",
        ),
        Clause(
            "Résiliation",
            "En cas de manquement grave non réparé dans les {days} jours d'une mise en demeure, "
            "l'autre partie peut résilier le contrat de plein droit.",
        ),
        Clause(
            "Notifications",
            "Les notifications sont faites par écrit et réputées reçues le deuxième jour ouvré "
            "suivant l'envoi. Un courriel suffit si sa réception a été confirmée.",
        ),
        Clause(
            "Force majeure",
            "Aucune partie n'est en défaut tant qu'une inondation, un incendie ou une grève empêche "
            "l'exécution. Au-delà de {days} jours, chacune peut se retirer.",
        ),
        Clause(
            "Cession",
            "{A} ne peut céder ses droits sans l'accord écrit et préalable de l'autre partie, lequel ne "
            "saurait être refusé sans motif sérieux.",
        ),
        Clause(
            "Données personnelles",
            "Les données ne sont traitées que dans la mesure nécessaire à l'exécution. {A} "
            "tient un registre et signale tout incident sous 48 heures.",
        ),
        Clause(
            "Assurance",
            "{A} souscrit une assurance de responsabilité civile d'au moins {amount} par sinistre et "
            "en justifie sur demande, au plus tard le 31 janvier.",
        ),
        Clause(
            "Intégralité",
            "Le présent document exprime l'intégralité de l'accord. Toute modification exige un "
            "avenant signé par les deux parties, y compris pour déroger à cette règle.",
        ),
        Clause(
            "Nullité partielle",
            "Si une clause s'avère nulle, les autres restent en vigueur ; les parties la "
            "remplaceront par une clause d'effet équivalent.",
        ),
        Clause(
            "Réception",
            "{B} vérifie les prestations dans un délai de {days} jours. Les défauts sont consignés "
            "dans un procès-verbal signé par les deux parties.",
        ),
    ),
    terms=("deux ans", "36 mois", "un an", "cinq ans", "18 mois"),
    places=("Besançon", "Nîmes", "Orléans", "Béziers", "Saint-Étienne"),
    signed="Fait en deux exemplaires originaux, dont un remis à chacune des parties.",
)

FORM = FormWords(
    authorities=("Direction des impôts", "Centre des finances de l'Évêché", "Trésorerie générale"),
    titles=(
        ("2041-R", "Déclaration des revenus"),
        ("1330-S", "Relevé annuel des salaires et de l'impôt"),
        ("2035-K", "Bénéfices des professions libérales"),
    ),
    sections=("A – État civil", "B – Revenus", "C – Charges à déduire", "D – Calcul de l'impôt"),
    income=(
        "Traitements et salaires",
        "Intérêts de l'épargne",
        "Dividendes perçus",
        "Revenus fonciers",
        "Bénéfices de l'activité indépendante",
        "Pensions et rentes viagères",
        "Plus-values de cession",
        "Autres revenus (à préciser)",
    ),
    deductions=(
        "Frais de déplacement",
        "Dons aux œuvres",
        "Frais de garde des enfants",
        "Cotisations de retraite",
        "Matériel et formation",
        "Dépenses de santé",
        "Pension alimentaire versée",
    ),
    results=(
        "Total des revenus",
        "Total des charges",
        "Revenu imposable (ligne {i} moins ligne {d})",
        "Impôt calculé",
        "Impôt déjà prélevé",
        "Reste à payer",
        "À restituer",
    ),
    occupations=(
        "Menuisière",
        "Professeur",
        "Infirmier",
        "Géomètre",
        "Conductrice",
        "Comptable",
        "Électricien",
    ),
    notes=(
        "Écrivez en lettres capitales ; n'agrafez pas.",
        "Indiquez les montants en euros et centimes.",
        "Conservez une copie pendant six ans.",
    ),
    declaration="Je certifie que les renseignements portés sur cette déclaration sont exacts et complets. "
    "Je sais que toute fausse déclaration m'expose à des pénalités.",
    notice=(
        "Madame, Monsieur,",
        "votre impôt pour l'année {year} a été établi comme indiqué ci-dessous. Le calcul est "
        "conforme à votre déclaration.",
        "Vous pouvez présenter une réclamation écrite dans un délai de {days} jours. "
        "Elle ne suspend pas le paiement.",
    ),
)

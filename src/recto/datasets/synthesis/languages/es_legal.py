"""Spanish: words of contracts and tax forms. Every name is made up."""

from recto.datasets.synthesis.languages.language import Clause, ContractWords, Deal, FormWords

CONTRACT = ContractWords(
    deals=(
        Deal(
            "Contrato de prestación de servicios",
            ("el Prestador", "Prestador"),
            ("el Cliente", "Cliente"),
            "la planificación, instalación y mantenimiento de los equipos enumerados en el anexo 1",
        ),
        Deal(
            "Contrato de suministro",
            ("el Proveedor", "Proveedor"),
            ("el Comprador", "Comprador"),
            "el suministro continuado de las mercancías indicadas en el anexo 1, a portes pagados",
        ),
        Deal(
            "Acuerdo de confidencialidad",
            ("el Divulgador", "Divulgador"),
            ("el Receptor", "Receptor"),
            "la protección de la información que se intercambie durante las conversaciones",
        ),
        Deal(
            "Contrato de arrendamiento",
            ("el Arrendador", "Arrendador"),
            ("el Arrendatario", "Arrendatario"),
            "la cesión del local descrito en el anexo 1, incluidas dos plazas de aparcamiento",
        ),
    ),
    parties="entre {first} (en adelante, «{first_role}») y {second} (en adelante, «{second_role}»).",
    dated=(
        "El presente documento ({title}) se otorga con efectos desde el {date}",
        "Con fecha de efecto {date} se celebra este {title}",
    ),
    recital="Las partes desean fijar las condiciones de su colaboración y convienen lo siguiente:",
    subject=Clause(
        "Objeto",
        "Este contrato regula {subject}. Los anexos forman parte de él; en caso de contradicción "
        "prevalecen las presentes cláusulas.",
    ),
    term=Clause(
        "Duración",
        "El contrato comienza el {date} y tiene una duración de {term}. Se prorroga por un año cada "
        "vez, salvo preaviso escrito con {days} días de antelación.",
    ),
    law=Clause(
        "Ley aplicable y jurisdicción",
        "El contrato se rige por la ley española. Las partes se someten a los "
        "tribunales de {place} para cualquier controversia.",
    ),
    clauses=(
        Clause(
            "Precio y pago",
            "{B} abonará {amount} por trimestre en los {days} días siguientes a la recepción de la "
            "factura. La demora devengará un interés anual del {percent} %.",
        ),
        Clause(
            "Confidencialidad",
            "Ninguna de las partes revelará los negocios, clientes o métodos de la otra. Esta "
            "obligación subsistirá {years} años después de la extinción.",
        ),
        Clause(
            "Responsabilidad",
            "Cada parte responde del dolo y de la culpa grave. En los demás casos, la "
            "responsabilidad se limita a {amount} por año natural.",
        ),
        Clause(
            "Resolución",
            "Cualquiera de las partes podrá resolver el contrato si la otra incumple gravemente y no "
            "lo subsana en {days} días desde el requerimiento.",
        ),
        Clause(
            "Notificaciones",
            "Las notificaciones se harán por escrito y se tendrán por recibidas al segundo día "
            "hábil. Bastará el correo electrónico si se confirmó su recepción.",
        ),
        Clause(
            "Fuerza mayor",
            "No habrá incumplimiento mientras una inundación, un incendio o una huelga impidan la "
            "ejecución. Pasados {days} días, cada parte podrá desistir.",
        ),
        Clause(
            "Cesión",
            "{A} no podrá ceder sus derechos sin consentimiento previo y escrito, que no se denegará sin "
            "causa justificada ni se demorará.",
        ),
        Clause(
            "Protección de datos",
            "Los datos personales se tratarán solo en la medida necesaria. {A} llevará un "
            "registro y comunicará todo incidente en 48 horas.",
        ),
        Clause(
            "Seguro",
            "{A} mantendrá un seguro de responsabilidad civil de al menos {amount} por siniestro y lo "
            "acreditará a petición, a más tardar el 31 de enero.",
        ),
        Clause(
            "Acuerdo íntegro",
            "Este documento contiene todo lo pactado. Las modificaciones exigen la firma de "
            "ambas partes, incluso para renunciar a esta exigencia.",
        ),
        Clause(
            "Nulidad parcial",
            "Si alguna cláusula resultara nula, las demás seguirán vigentes y las partes la "
            "sustituirán por otra de efecto equivalente.",
        ),
        Clause(
            "Recepción",
            "{B} revisará los trabajos en un plazo de {days} días. Los defectos constarán en un acta "
            "que firmarán ambas partes.",
        ),
    ),
    terms=("dos años", "36 meses", "un año", "cinco años", "18 meses"),
    places=("Logroño", "Cádiz", "A Coruña", "León", "Castellón"),
    signed="Firmado por las partes en dos ejemplares, ambos originales.",
)

FORM = FormWords(
    authorities=("Agencia Tributaria de Peñalba", "Delegación de Hacienda", "Servicio de Tributos"),
    titles=(
        ("120-N", "Declaración de la renta"),
        ("196-B", "Resumen anual de retenciones"),
        ("131-A", "Rendimientos de actividades económicas"),
    ),
    sections=("A. Datos personales", "B. Ingresos", "C. Deducciones", "D. Liquidación"),
    income=(
        "Sueldos y salarios",
        "Intereses de cuentas",
        "Dividendos percibidos",
        "Alquileres de inmuebles",
        "Beneficio de actividad económica",
        "Pensiones y rentas vitalicias",
        "Ganancias patrimoniales",
        "Otros ingresos (adjunte relación)",
    ),
    deductions=(
        "Desplazamientos al trabajo",
        "Donativos",
        "Gastos de guardería",
        "Aportación al plan de pensiones",
        "Herramientas y formación",
        "Gastos médicos",
        "Alquiler de vivienda habitual",
    ),
    results=(
        "Total de ingresos",
        "Total de deducciones",
        "Base liquidable (casilla {i} menos casilla {d})",
        "Cuota íntegra",
        "Retenciones practicadas",
        "A ingresar",
        "A devolver",
    ),
    occupations=("Carpintero", "Maestra", "Enfermero", "Topógrafa", "Conductor", "Administrativa", "Albañil"),
    notes=(
        "Escriba en mayúsculas. No grape.",
        "Consigne los importes en euros y céntimos.",
        "Conserve una copia durante seis años.",
    ),
    declaration="Declaro que los datos consignados en este impreso son ciertos y completos. Conozco que toda "
    "declaración falsa puede dar lugar a una sanción.",
    notice=(
        "Estimado contribuyente:",
        "su cuota del ejercicio {year} se ha calculado como sigue. La liquidación "
        "coincide íntegramente con su declaración.",
        "Podrá presentar recurso por escrito en el plazo de {days} días. El recurso no suspende el pago.",
    ),
)

-- One row per procedure of the catalogue, newest version.
select
    matthc as procedure_code,
    tentthc as procedure_name,
    malinhvuc as field_code,
    tenlinhvuc as field_name,
    capthuchien as level,
    madonvicongbo as province_code,
    trangthai as state,
    doituong as applicants,
    trinhtuthuchien as steps,
    cachthucthuchien as ways,
    thanhphanhoso as components,
    coquanthuchien as authority,
    thoihan as time_limit,
    donvithoihan as time_limit_unit,
    coketquagiayto as paper_result,
    phi as fee,
    lephi as charge,
    phidiagioi as boundary_free,
    lienthong as linked,
    nganhdoc as vertical
from {{ newest_version('procedures') }} as version

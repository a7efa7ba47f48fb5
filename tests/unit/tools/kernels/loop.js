(function(){let s=0; for(let i=0;i<1e6;i++) s=(s+i)|0; return s})()

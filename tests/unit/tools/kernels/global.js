let s=0; for(let i=0;i<3e5;i++) s+=i; s
